//! How well the bot answers lay questions from the demo's articles, on both engines. The threshold was found with
//! `tuned.csv`; `held-out.csv` was not looked at for it. docs/BOT.md has these figures.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use smilechat::events::Act;
use smilechat::services::demo::knowledge::ARTICLES;
use smilechat::tickets::bot::eval::{self, Report};
use smilechat::tickets::knowledge::import;
use smilechat::tickets::knowledge::model::ArticleStatus;

use crate::harness::{Server, on_both_engines};

const BEGINNING: &str = "<!-- figures -->";
const END: &str = "<!-- end of figures -->";
const TUNED: &str = include_str!("../../fixtures/bot/tuned.csv");
const HELD_OUT: &str = include_str!("../../fixtures/bot/held-out.csv");

async fn evaluate(server: &Server, questions: &str) -> Report {
    let app = server.running.app.clone();
    eval::run(&app, app.auth.default_tenant, eval::of_csv(questions).expect("good questions")).await.expect("a report")
}

#[tokio::test(flavor = "multi_thread")]
async fn lay_questions_are_answered_or_handed_over() {
    let told = Mutex::new(Vec::new());
    on_both_engines(async |server| {
        let app = server.running.app.clone();
        let act = Act::of_server(app.auth.default_tenant, app.clock.now());
        let shared = app.clone();
        let write = app.db.write(move |tx| {
            let drafts = ARTICLES.iter().map(|(slug, text)| import::of_markdown(slug, text)).collect();
            import::write(tx, &shared, &act, drafts, ArticleStatus::Published)
        });
        assert_eq!(write.await.expect("imported").created, ARTICLES.len());
        for (name, questions) in [("tuned", TUNED), ("held-out", HELD_OUT)] {
            let report = evaluate(&server, questions).await;
            println!("{name}\n{}", report.in_words());
            assert!(report.covered >= 35 && report.uncovered >= 10);
            let all = report.covered + report.uncovered;
            assert!(report.in_top_3 * 100 >= report.covered * 90, "{name}: the right article is not among the first 3");
            assert!(report.answered * 100 >= report.covered * 70, "{name}: too little is answered");
            assert!(report.handed_over * 100 >= report.uncovered * 80, "{name}: a person would have been needed");
            assert!(report.wrong() * 100 <= all * 10, "{name}: too many wrong answers");
            told.lock().expect("nobody panics").push(report.in_words());
        }
    })
    .await;
    let told = told.into_inner().expect("nobody panics");
    assert_eq!(told[..2], told[2..], "the engines disagree");
    keep_figures(&told[0], &told[1]);
}

/// The page says what was measured; where it does not, it is written anew, and the test fails once.
fn keep_figures(tuned: &str, held_out: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/BOT.md");
    let text = fs::read_to_string(&page).expect("the page");
    let (before, rest) = text.split_once(BEGINNING).expect("the mark of the figures");
    let (_, after) = rest.split_once(END).expect("the mark of their end");
    let lines = |report: &str| {
        report
            .lines()
            .take(5)
            .map(|line| {
                line.split_once("  ")
                    .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
                    .expect("two columns")
            })
            .collect::<Vec<_>>()
    };
    let rows = lines(tuned).into_iter().zip(lines(held_out));
    let rows: String = rows.map(|((name, one), (_, other))| format!("| {name} | {one} | {other} |\n")).collect();
    let table = format!("| | tuned | held out |\n|---|---|---|\n{rows}");
    let wanted = format!("{before}{BEGINNING}\n\n{table}\n{END}{after}");
    if wanted != text {
        fs::write(&page, wanted).expect("written");
        panic!("docs/BOT.md is written anew: look at it, and commit it");
    }
}
