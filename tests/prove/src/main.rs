//! `madang-prove`: runs servers under faults and checks what they answered, or checks a history that was kept.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use madang_prove::history;
use madang_prove::invariants::Rules;
use madang_prove::run::{Outcome, Plan, run};
use madang_prove::verdict;
use madang_server::config::DatabaseUrl;
use sea_orm::{ConnectionTrait as _, Database};

/// Proof that no seat has two owners
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run servers on an empty database, let people fight for seats while things fail, and check what they were answered
    Run(Run),
    /// Check a history that was kept
    Check(Check),
    /// Make an empty database beside another on a server, and say its address
    Create(Create),
}

#[derive(Args)]
struct Run {
    /// The program under proof
    #[arg(long, default_value = "target/debug/madang", value_name = "PATH")]
    program: PathBuf,
    /// An empty database, as --database-url of the program
    #[arg(long, value_name = "URL")]
    database_url: DatabaseUrl,
    /// File with the process id of the database's server, which is asked to end now and then, and must come back
    #[arg(long, value_name = "FILE")]
    database_pid: Option<PathBuf>,
    /// The signal at which it ends, whoever is connected
    #[arg(long, default_value = "TERM", value_name = "NAME")]
    database_signal: String,
    /// Library that shifts the clock of a server, for LD_PRELOAD: one server is 30 s ahead, the next 30 s behind
    #[arg(long, value_name = "FILE")]
    clock: Option<PathBuf>,
    /// People
    #[arg(long, default_value_t = 100)]
    clients: usize,
    /// Seats
    #[arg(long, default_value_t = 50)]
    seats: usize,
    /// Servers
    #[arg(long, default_value_t = 2)]
    nodes: usize,
    /// How long people ask
    #[arg(long, default_value_t = 10, value_name = "S")]
    seconds: u64,
    /// Chooses what is asked and what fails
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Kill no server
    #[arg(long)]
    no_kills: bool,
    /// Seats cost something, and the payment provider's news confirms: late, twice, and out of order
    #[arg(long)]
    payments: bool,
    /// Keep the history
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

#[derive(Args)]
struct Check {
    /// The history: one operation a line
    file: PathBuf,
    /// Seats of the event
    #[arg(long)]
    seats: usize,
    /// Seats that one person may hold
    #[arg(long, default_value_t = 6)]
    hold_limit: usize,
}

#[derive(Args)]
struct Create {
    /// A database of the server, whose user may make others
    #[arg(long, value_name = "URL")]
    database_url: DatabaseUrl,
    /// What the new one is called
    name: String,
}

/// What is said of a history that isn't sound: the first things, since one fault shows in many.
const SHOWN: usize = 10;

#[tokio::main]
async fn main() -> ExitCode {
    let said = match Cli::parse().command {
        Command::Run(flags) => prove(flags).await,
        Command::Check(flags) => check(&flags),
        Command::Create(flags) => match create(&flags).await {
            Ok(url) => {
                println!("{url}");
                return ExitCode::SUCCESS;
            }
            Err(error) => Err(error),
        },
    };
    match said {
        Ok(wrong) if wrong.is_empty() => {
            println!("sound");
            ExitCode::SUCCESS
        }
        Ok(wrong) => {
            println!("NOT SOUND: {} findings", wrong.len());
            for one in wrong.iter().take(SHOWN) {
                println!("  {one}");
            }
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("madang-prove: {error}");
            ExitCode::from(2)
        }
    }
}

async fn prove(flags: Run) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let plan = Plan {
        program: flags.program,
        database: flags.database_url,
        database_pid: flags.database_pid,
        database_signal: flags.database_signal,
        clock: flags.clock.map(|clock| clock.canonicalize()).transpose()?,
        clients: flags.clients,
        seats: flags.seats,
        nodes: flags.nodes,
        time: Duration::from_secs(flags.seconds),
        seed: flags.seed,
        kills: !flags.no_kills,
        payments: flags.payments,
    };
    let style = ProgressStyle::with_template("{bar:30} {elapsed} of {msg}");
    let bar =
        ProgressBar::new(flags.seconds).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let (shown, seconds, began) = (bar.clone(), flags.seconds, Instant::now());
    let outcome = run(plan, move |operations| {
        shown.set_position(began.elapsed().as_secs());
        shown.set_message(format!("{seconds} s, {operations} operations"));
    })
    .await?;
    bar.finish_and_clear();
    let Outcome {
        history,
        at_rest,
        rules,
        faults,
        lacks,
    } = outcome;
    if let Some(file) = flags.history {
        history::write(BufWriter::new(File::create(file)?), &history)?;
    }
    let checking = Instant::now();
    let mut wrong = verdict::of(&history, rules);
    wrong.extend(at_rest);
    println!(
        "{} operations, checked in {:.1} s",
        history.len(),
        checking.elapsed().as_secs_f64()
    );
    for (fault, times) in faults {
        println!("{times:>8} x {fault}");
    }
    if wrong.is_empty() && !lacks.is_empty() {
        return Err(format!("this run proves nothing: {}", lacks.join(", ")).into());
    }
    Ok(wrong)
}

fn check(flags: &Check) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let history = history::read(BufReader::new(File::open(&flags.file)?))?;
    println!("{} operations", history.len());
    let rules = Rules {
        capacity: flags.seats,
        hold_limit: flags.hold_limit,
    };
    Ok(verdict::of(&history, rules))
}

async fn create(flags: &Create) -> Result<String, Box<dyn std::error::Error>> {
    let server = Database::connect(flags.database_url.as_str()).await?;
    server
        .execute_unprepared(&format!("CREATE DATABASE {}", flags.name))
        .await?;
    server.close().await?;
    let (base, _) = flags
        .database_url
        .as_str()
        .rsplit_once('/')
        .ok_or("the address names no database")?;
    Ok(format!("{base}/{}", flags.name))
}
