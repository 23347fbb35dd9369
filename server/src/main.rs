//! The program `madang`.

use std::process::ExitCode;

use clap::Parser;
use madang_server::cli::{Cli, Command};
use madang_server::{config, feed, load, logging, run};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let mut cli = Cli::parse();
    let command = cli.command.unwrap_or_default();
    if let Some(replay) = command.replay() {
        if replay.check {
            return report(feed::command::check(replay));
        }
        cli.flags.market_feed = Some(replay.market_feed());
    }
    if let Command::Load(flags) = &command {
        return match runtime() {
            Ok(runtime) => report(runtime.block_on(load::command::run(flags))),
            Err(error) => report(Err(error)),
        };
    }
    let (settings, config) = config::load(&cli.flags);
    if command == Command::Check {
        for setting in &settings {
            println!("{setting}");
        }
    }
    let config = match config {
        Ok(config) => config,
        Err(problems) => {
            for problem in problems {
                eprintln!("madang: {problem}");
            }
            return ExitCode::FAILURE;
        }
    };
    if command == Command::Check {
        return report(config.check_front());
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return report(Err(error)),
    };
    match &command {
        Command::Account(account) => report(runtime.block_on(account.run(&config.database_url))),
        Command::Seats(seats) => report(runtime.block_on(seats.run(&config.database_url))),
        Command::Migrate(migrate) => report(runtime.block_on(migrate.run(&config.database_url))),
        Command::Backup(backup) => report(runtime.block_on(backup.run(&config.database_url))),
        _ => {
            logging::start(config.log_format);
            report(runtime.block_on(run::run(&command, &config)))
        }
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

fn report<E: std::fmt::Display>(outcome: Result<(), E>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("madang: {error}");
            ExitCode::FAILURE
        }
    }
}
