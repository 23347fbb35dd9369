//! The rules of a match, tested by what its board shows: examples, then whatever may happen.

use proptest::prelude::*;

use super::*;

fn words(text: &str) -> Words {
    Words::one(text).unwrap()
}

fn open() -> Play {
    What::Open {
        away: words("Swallows"),
        home: words("Magpies"),
    }
    .into()
}

/// A match that has begun, and some plays.
fn played(plays: &[&str]) -> Match {
    let mut game = Match::default();
    game.apply(open()).unwrap();
    game.apply(What::Start.into()).unwrap();
    for play in plays {
        let taken = game.apply(read(play));
        taken.unwrap_or_else(|refused| panic!("{play}: {refused}"));
    }
    game
}

/// `single`, or `single first:third batter:out`.
fn read(text: &str) -> Play {
    let (what, moves) = text.split_once(' ').unwrap_or((text, ""));
    let moves: serde_json::Map<_, _> = moves
        .split_whitespace()
        .filter_map(|one| one.split_once(':'))
        .map(|(from, to)| (from.to_owned(), to.into()))
        .collect();
    serde_json::from_value(serde_json::json!({"what": what, "moves": moves})).unwrap()
}

fn refused(plays: &[&str], next: &str) -> Refused {
    let mut game = played(plays);
    let before = game.board();
    let refused = game.apply(read(next)).unwrap_err();
    assert_eq!(game.board(), before, "a refused play changed something");
    refused
}

/// `1st 0 out, 2-1, 1_3, 3:0` of a board.
fn short(game: &Match) -> String {
    let board = game.board().unwrap();
    let bases: String = ["1", "2", "3"]
        .into_iter()
        .zip(board.bases)
        .map(|(base, on)| if on { base } else { "_" })
        .collect();
    let half = match board.half {
        Half::Top => "top",
        Half::Bottom => "bottom",
    };
    format!(
        "{half} {}, {} out, {}-{}, {bases}, {}:{}",
        board.inning, board.outs, board.balls, board.strikes, board.away.runs, board.home.runs
    )
}

/// Three outs, so many times.
fn halves(count: usize) -> Vec<&'static str> {
    vec!["fly_out"; 3 * count]
}

#[test]
fn balls_and_strikes_are_counted() {
    assert_eq!(
        short(&played(&["ball", "strike", "foul", "foul"])),
        "top 1, 0 out, 1-2, ___, 0:0"
    );
    assert_eq!(
        short(&played(&["foul", "foul", "foul", "strike"])),
        "top 1, 1 out, 0-0, ___, 0:0"
    );
    assert_eq!(short(&played(&["ball"; 4])), "top 1, 0 out, 0-0, 1__, 0:0");
    assert_eq!(short(&played(&["walk", "strike"])), "top 1, 0 out, 0-1, 1__, 0:0");
}

#[test]
fn runners_go_where_they_usually_go() {
    for (plays, shown) in [
        (
            vec!["single", "single", "single", "single"],
            "top 1, 0 out, 0-0, 123, 1:0",
        ),
        (vec!["single", "double"], "top 1, 0 out, 0-0, _23, 0:0"),
        (vec!["single", "triple"], "top 1, 0 out, 0-0, __3, 1:0"),
        (vec!["single", "walk", "home_run"], "top 1, 0 out, 0-0, ___, 3:0"),
        (vec!["double", "walk"], "top 1, 0 out, 0-0, 12_, 0:0"),
        (
            vec!["walk", "walk", "hit_by_pitch", "walk"],
            "top 1, 0 out, 0-0, 123, 1:0",
        ),
        (vec!["triple", "sacrifice_fly"], "top 1, 1 out, 0-0, ___, 1:0"),
        (vec!["walk", "sacrifice_bunt"], "top 1, 1 out, 0-0, _2_, 0:0"),
        (vec!["walk", "double_play"], "top 1, 2 out, 0-0, ___, 0:0"),
        (vec!["walk", "fielders_choice"], "top 1, 1 out, 0-0, 1__, 0:0"),
        (vec!["walk", "strike", "steal"], "top 1, 0 out, 0-1, _2_, 0:0"),
        (vec!["walk", "caught_stealing"], "top 1, 1 out, 0-0, ___, 0:0"),
        (vec!["walk", "walk", "wild_pitch"], "top 1, 0 out, 0-0, _23, 0:0"),
        (
            vec!["walk", "walk", "picked_off second:out"],
            "top 1, 1 out, 0-0, 1__, 0:0",
        ),
    ] {
        assert_eq!(short(&played(&plays)), shown, "{plays:?}");
    }
}

#[test]
fn runners_go_where_they_are_said_to_go() {
    for (plays, shown) in [
        (
            vec!["single", "single first:third"],
            "top 1, 0 out, 0-0, 1_3, 0:0",
        ),
        (
            vec!["double", "single second:home"],
            "top 1, 0 out, 0-0, 1__, 1:0",
        ),
        (vec!["single batter:out"], "top 1, 1 out, 0-0, ___, 0:0"),
        (
            vec!["triple", "ground_out third:third"],
            "top 1, 1 out, 0-0, __3, 0:0",
        ),
        (
            vec!["walk", "walk", "steal first:second second:third"],
            "top 1, 0 out, 0-0, _23, 0:0",
        ),
        (vec!["error batter:second"], "top 1, 0 out, 0-0, _2_, 0:0"),
    ] {
        assert_eq!(short(&played(&plays)), shown, "{plays:?}");
    }
}

#[test]
fn what_can_not_have_happened_is_refused() {
    for (plays, next, why) in [
        (vec![], "single first:second", Refused::NobodyThere(From::First)),
        (vec![], "sacrifice_fly", Refused::NobodyThere(From::Third)),
        (vec![], "double_play", Refused::NobodyThere(From::First)),
        (
            vec!["double"],
            "single second:first",
            Refused::Backwards(From::Second),
        ),
        (
            vec!["walk", "walk"],
            "single first:third second:third",
            Refused::Crossed(From::First),
        ),
        (
            vec!["triple"],
            "home_run third:third",
            Refused::Crossed(From::Bat),
        ),
        (vec!["walk", "walk"], "steal", Refused::MovesNeeded),
        (vec![], "wild_pitch", Refused::MovesNeeded),
        (vec!["walk"], "ball first:second", Refused::MovesNotAllowed),
        (vec!["walk"], "steal batter:first", Refused::MovesNotAllowed),
        (
            vec!["fly_out", "fly_out", "walk"],
            "double_play",
            Refused::TooManyOuts,
        ),
        (vec![], "start", Refused::AlreadyStarted),
        (vec!["end"], "ball", Refused::Over),
        (vec!["undo"], "undo", Refused::NothingToUndo),
        (vec!["undo"], "ball", Refused::NotStarted),
    ] {
        assert_eq!(refused(&plays, next), why, "{plays:?}, {next}");
    }
    assert_eq!(
        Match::default().apply(What::Start.into()),
        Err(Refused::NotOpened)
    );
    assert_eq!(played(&[]).apply(open()), Err(Refused::AlreadyOpened));
}

#[test]
fn three_outs_change_sides() {
    assert_eq!(
        short(&played(&["walk", "fly_out", "fly_out", "strike", "fly_out"])),
        "bottom 1, 0 out, 0-0, ___, 0:0"
    );
    assert_eq!(short(&played(&halves(2))), "top 2, 0 out, 0-0, ___, 0:0");
}

#[test]
fn a_run_does_not_count_if_the_third_out_was_forced() {
    let two_out = ["fly_out", "triple", "fly_out"];
    let with = |last| short(&played(&[&two_out[..], &[last]].concat()));
    assert_eq!(with("ground_out third:home"), "bottom 1, 0 out, 0-0, ___, 0:0");
    assert_eq!(with("single batter:out"), "bottom 1, 0 out, 0-0, ___, 1:0");
}

#[test]
fn the_home_team_need_not_bat_when_it_leads() {
    let mut plays = halves(1);
    plays.push("home_run");
    plays.extend(halves(16));
    let board = played(&plays).board().unwrap();
    assert_eq!(
        (board.status, board.inning, board.half),
        (Status::Final, 9, Half::Top)
    );
    assert_eq!((board.away.line.len(), board.home.line.len()), (9, 8));
}

#[test]
fn the_winning_run_ends_the_match() {
    let mut plays = halves(17);
    plays.extend(["walk", "double"]);
    let mut game = played(&plays);
    assert!(!game.is_over());
    game.apply(read("single")).unwrap();
    let board = game.board().unwrap();
    assert_eq!(
        (board.status, board.home.runs, board.bases),
        (Status::Final, 1, [false; 3])
    );
}

#[test]
fn only_a_home_run_brings_more_than_the_winning_run() {
    let loaded = [halves(17), vec!["walk"; 3]].concat();
    for (last, runs) in [("triple", 1), ("home_run", 4)] {
        let game = played(&[&loaded[..], &[last]].concat());
        assert_eq!(
            (game.is_over(), game.board().unwrap().home.runs),
            (true, runs),
            "{last}"
        );
    }
}

#[test]
fn a_tie_goes_on_until_it_is_a_draw() {
    assert_eq!(short(&played(&halves(18))), "top 10, 0 out, 0-0, ___, 0:0");
    let game = played(&halves(2 * LAST_INNING));
    assert!(game.is_over());
    assert_eq!(game.board().unwrap().home.line.len(), LAST_INNING);
}

#[test]
fn errors_are_the_fields_and_hits_the_batters() {
    let board = played(&["error", "single", "throwing_error second:third"])
        .board()
        .unwrap();
    assert_eq!((board.away.hits, board.away.errors), (1, 0));
    assert_eq!((board.home.hits, board.home.errors), (0, 2));
}

#[test]
fn plays_are_undone_one_by_one_also_the_last_of_all() {
    let mut game = played(&["walk", "single", "undo"]);
    assert_eq!(short(&game), "top 1, 0 out, 0-0, 1__, 0:0");
    game.apply(read("undo")).unwrap();
    assert_eq!(short(&game), "top 1, 0 out, 0-0, ___, 0:0");

    let mut over = played(&["walk", "end"]);
    over.apply(read("undo")).unwrap();
    assert_eq!(short(&over), "top 1, 0 out, 0-0, 1__, 0:0");
}

#[test]
fn the_next_match_follows_one_that_is_over() {
    let mut game = played(&["home_run", "end"]);
    game.apply(open()).unwrap();
    let board = game.board().unwrap();
    assert_eq!((board.status, board.away.runs), (Status::Scheduled, 0));
    assert!(board.away.line.is_empty());
    assert_eq!(game.plays().len(), 1);
}

#[test]
fn a_match_has_so_many_plays() {
    let mut game = played(&vec!["foul"; PLAYS_LIMIT - 2]);
    assert_eq!(game.apply(read("ball")), Err(Refused::TooManyPlays));
    assert_eq!(game.apply(read("undo")), Err(Refused::TooManyPlays));
    assert_eq!(game.apply(read("end")), Ok(()));
    assert!(game.is_over());
}

#[test]
fn refusals_have_codes_of_their_own() {
    let codes: std::collections::HashSet<_> = Refused::ALL.into_iter().map(Refused::code).collect();
    assert_eq!(codes.len(), Refused::ALL.len());
}

fn any_play() -> impl Strategy<Value = Play> {
    let usual = prop::sample::select(vec![
        "start",
        "ball",
        "ball",
        "strike",
        "strike",
        "foul",
        "single",
        "single",
        "double",
        "triple",
        "home_run",
        "walk",
        "hit_by_pitch",
        "error",
        "ground_out",
        "fly_out",
        "line_out",
        "sacrifice_bunt",
        "sacrifice_fly",
        "double_play",
        "fielders_choice",
        "steal",
        "caught_stealing",
        "picked_off",
        "wild_pitch",
        "balk",
        "throwing_error",
        "note",
        "undo",
    ]);
    let to = || {
        let to = prop::sample::select(vec![To::First, To::Second, To::Third, To::Home, To::Out]);
        prop::option::weighted(0.2, to)
    };
    let moves = (to(), to(), to(), to()).prop_map(|(batter, first, second, third)| Moves {
        batter,
        first,
        second,
        third,
    });
    let common = usual.prop_map(read);
    prop_oneof![
        40 => (common, prop_oneof![2 => Just(Moves::default()), 1 => moves])
            .prop_map(|(play, moves)| Play { moves, ..play }),
        1 => Just(What::End.into()),
        2 => Just(open()),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_the_board_is_sound_and_the_fold_of_its_plays(
        plays in prop::collection::vec(any_play(), 0..600)
    ) {
        let mut game = played(&[]);
        let mut taken = Vec::new();
        for play in plays {
            let before = game.board().unwrap();
            let accepted = game.apply(play.clone());
            let board = game.board().unwrap();
            if accepted.is_err() {
                prop_assert_eq!(&board, &before);
                continue;
            }
            prop_assert!(board.outs <= 2 && board.balls <= 3 && board.strikes <= 2);
            prop_assert!((1..=LAST_INNING).contains(&board.inning));
            for side in [&board.away, &board.home] {
                prop_assert_eq!(side.line.iter().sum::<u16>(), side.runs);
            }
            let ahead = board.away.line.len() - board.home.line.len();
            prop_assert!(ahead <= 1);
            if board.status != Status::Live {
                prop_assert!(board.bases == [false; 3] && board.outs + board.balls + board.strikes == 0);
            }
            let new = matches!(play.what, What::Open { .. });
            if !new && play.what != What::Undo {
                prop_assert!(board.away.runs >= before.away.runs && board.home.runs >= before.home.runs);
                // Nobody vanishes: on base before and at bat, on base or home or out now.
                let on = |board: &Board| board.bases.iter().filter(|on| **on).count();
                let runs = board.away.runs + board.home.runs - before.away.runs - before.home.runs;
                if board.half == before.half && board.status == Status::Live {
                    prop_assert!(on(&board) + usize::from(runs) + usize::from(board.outs - before.outs) <= on(&before) + 1);
                    prop_assert!(on(&board) + usize::from(runs) + usize::from(board.outs - before.outs) >= on(&before));
                }
            }
            taken.push(play);
        }
        // A room's history is text.
        let history: Vec<String> = taken.iter().map(|play| serde_json::to_string(play).unwrap()).collect();
        let mut again = played(&[]);
        for json in &history {
            again.apply(serde_json::from_str(json).unwrap()).unwrap();
        }
        prop_assert_eq!(again.board(), game.board());
        // And undone plays might as well never have been.
        let mut counting = Match::default();
        for play in game.plays() {
            counting.apply(play.clone()).unwrap();
        }
        prop_assert_eq!(counting.board(), game.board());
    }
}
