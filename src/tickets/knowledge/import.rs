//! Articles from files: a folder of Markdown, or a CSV of questions and answers. `smilechat kb import`. Those of a site's pages are
//! read by `site`.
//!
//! A second run changes what has changed: an article is known by the page that it was made of, or by its slug, which is made of its
//! file's name or its question. What staff have edited of a page's article is theirs from then on.
//! Whether an article that is there is published is staff's to say: a status is given to new ones alone.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use garde::Validate;
use sha2::{Digest, Sha256};

use super::articles::{ArticlePatch, NewArticle};
use super::model::{Article, ArticleStatus};
use super::saving::{self, slug_of};
use super::store::{articles, collections as shelves};
use super::{collections, table};
use crate::app::App;
use crate::auth::lock_tenant;
use crate::auth::model::TenantKey;
use crate::error::{Error, Result};
use crate::events::Act;
use crate::platform::db::Tx;
use crate::platform::secret;

/// Files that a folder may have, so that a wrong path is told and not read.
const MOST_FILES: usize = 10_000;
/// Written in one transaction: so many articles, or so many bytes of them and one more. Others wait for their turn meanwhile.
const BATCH: usize = 50;
const BATCH_BYTES: usize = 200_000;
const LONGEST_FILE: u64 = 1_000_000;

/// What a file or a page says of an article.
#[derive(Debug, PartialEq)]
pub struct Draft {
    /// Of a page: how a new one is called, with a number where that is taken.
    pub slug: String,
    pub title: String,
    pub body: String,
    /// None: what it comes from cannot say, and those that staff gave stay.
    pub keywords: Option<Vec<String>>,
    /// By its name; made if there is none.
    pub collection: Option<String>,
    pub language: Option<String>,
    /// The page that it stands for.
    pub source_url: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
}

/// What became of drafts.
#[derive(Debug, Default)]
pub struct Written {
    pub imported: Imported,
    /// Pages, each with the reason.
    pub left_out: Vec<String>,
}

impl AddAssign for Imported {
    fn add_assign(&mut self, more: Self) {
        self.created += more.created;
        self.changed += more.changed;
        self.unchanged += more.unchanged;
    }
}

/// All is read before anything is written.
pub async fn import(app: &App, tenant: TenantKey, path: &Path, status: ArticleStatus) -> anyhow::Result<Imported> {
    let drafts = read(path)?;
    ensure!(!drafts.is_empty(), "{}: there is no article in it", path.display());
    Ok(store(app, &Act::of_server(tenant, app.clock.now()), drafts, status).await?.imported)
}

/// What was written by one that is cut short stays, and the next one goes on: a batch
/// is a transaction, so that a server beside it can go on as well.
pub async fn store(app: &App, act: &Act, drafts: Vec<Draft>, status: ArticleStatus) -> anyhow::Result<Written> {
    let mut drafts = drafts.into_iter().peekable();
    let mut all = Written::default();
    while drafts.peek().is_some() {
        let (shared, act) = (app.clone(), Act { at: app.clock.now(), ..act.clone() });
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH
            && bytes < BATCH_BYTES
            && let Some(draft) = drafts.next()
        {
            bytes += draft.body.len();
            batch.push(draft);
        }
        let write = app.db.write(move |tx| write(tx, &shared, &act, batch, status));
        let written = write.await?;
        all.imported += written.imported;
        all.left_out.extend(written.left_out);
    }
    Ok(all)
}

pub fn write(tx: &mut Tx<'_>, app: &App, act: &Act, drafts: Vec<Draft>, status: ArticleStatus) -> Result<Written> {
    lock_tenant(tx, act.tenant)?;
    let mut written = Written::default();
    for draft in drafts {
        let source_url = draft.source_url.clone();
        let known = match &source_url {
            Some(source_url) => articles::find_by_source(tx, act.tenant, source_url)?,
            None => articles::find_by_slug(tx, act.tenant, &draft.slug)?,
        };
        let became = match known {
            Some(before) => change(tx, app, act, before, draft),
            None => create(tx, app, act, draft, status),
        };
        match (became, source_url) {
            (Ok(Became::Created), _) => written.imported.created += 1,
            (Ok(Became::Changed), _) => written.imported.changed += 1,
            (Ok(Became::Unchanged), _) => written.imported.unchanged += 1,
            (Ok(Became::Edited), source) => {
                written.left_out.push(format!("{}: edited here since", source.unwrap_or_default()));
            }
            // Nothing of it is written by then.
            (Err(Error::Conflict("slug_taken")), Some(source)) => {
                written.left_out.push(format!("{source}: too many articles are called alike"));
            }
            (Err(error), _) => return Err(error),
        }
    }
    Ok(written)
}

enum Became {
    Created,
    Changed,
    Unchanged,
    /// By staff, while the page has changed as well.
    Edited,
}

fn create(tx: &mut Tx<'_>, app: &App, act: &Act, draft: Draft, status: ArticleStatus) -> Result<Became> {
    let hash = hash(&draft.title, &draft.body);
    let slug = match draft.source_url {
        Some(_) => saving::free_slug(tx, act.tenant, draft.slug)?,
        None => draft.slug,
    };
    let new = NewArticle {
        title: draft.title,
        body: draft.body,
        slug: Some(slug),
        collection_id: shelf_of(tx, app, act, draft.collection.as_deref())?,
        language: draft.language,
        status: Some(status),
        keywords: draft.keywords.unwrap_or_default(),
    };
    let article_id = saving::create_in(tx, app, act, None, new)?.summary.article_id;
    if let Some(source_url) = &draft.source_url {
        articles::set_source(tx, act.tenant, &article_id, source_url, &hash)?;
    }
    Ok(Became::Created)
}

fn change(tx: &mut Tx<'_>, app: &App, act: &Act, before: Article, draft: Draft) -> Result<Became> {
    let (article_id, hash_now) = (before.summary.article_id.clone(), hash(&draft.title, &draft.body));
    if draft.source_url.is_some()
        && let Some(wrote) = articles::source_hash(tx, act.tenant, &article_id)?
    {
        if wrote == hash_now {
            return Ok(Became::Unchanged);
        }
        if wrote != hash(&before.summary.title, &before.body) {
            return Ok(Became::Edited);
        }
    }
    let patch = ArticlePatch {
        title: Some(draft.title),
        body: Some(draft.body),
        keywords: draft.keywords,
        collection_id: shelf_of(tx, app, act, draft.collection.as_deref())?.map(Some),
        language: draft.language,
        ..ArticlePatch::default()
    };
    let after = saving::save(tx, act, None, before.clone(), patch)?;
    if let Some(source_url) = &draft.source_url {
        articles::set_source(tx, act.tenant, &article_id, source_url, &hash_now)?;
    }
    Ok(if after == before { Became::Unchanged } else { Became::Changed })
}

/// Of what a page says. Its language is the page's guess, and staff's to correct.
fn hash(title: &str, body: &str) -> String {
    secret::hex(&Sha256::digest(format!("{title}\n{body}")))
}

fn shelf_of(tx: &mut Tx<'_>, app: &App, act: &Act, name: Option<&str>) -> Result<Option<String>> {
    name.map(|name| shelf(tx, app, act, name)).transpose()
}

fn shelf(tx: &mut Tx<'_>, app: &App, act: &Act, name: &str) -> Result<String> {
    if let Some(found) = shelves::find_by_slug(tx, act.tenant, &slug_of(name))? {
        return Ok(found.collection_id);
    }
    let new = collections::NewCollection { name: name.to_owned(), slug: None, description: None, position: None };
    Ok(collections::create_in(tx, app, act, new)?.collection_id)
}

fn read(path: &Path) -> anyhow::Result<Vec<Draft>> {
    let drafts = if path.is_dir() {
        markdown_files(path)?.iter().map(|file| read_markdown(file)).collect::<anyhow::Result<Vec<_>>>()?
    } else if path.extension().is_some_and(|extension| extension == "csv") {
        read_csv(&text_of(path)?).with_context(|| path.display().to_string())?
    } else {
        let is_markdown = path.extension().is_some_and(|extension| extension == "md");
        ensure!(is_markdown, "{}: neither a folder nor a file named .md or .csv", path.display());
        vec![read_markdown(path)?]
    };
    let mut slugs = HashSet::new();
    for draft in &drafts {
        ensure!(slugs.insert(&draft.slug), "two files make the article {}: give one of them another name", draft.slug);
        check(draft).map_err(|error| anyhow::anyhow!("{}: {error}", draft.slug))?;
    }
    Ok(drafts)
}

/// The same rules as for an article that comes by HTTP.
pub(super) fn check(draft: &Draft) -> std::result::Result<(), garde::Report> {
    let new = NewArticle {
        title: draft.title.clone(),
        body: draft.body.clone(),
        slug: Some(draft.slug.clone()),
        collection_id: None,
        language: draft.language.clone(),
        status: None,
        keywords: draft.keywords.clone().unwrap_or_default(),
    };
    new.validate()
}

fn markdown_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            // No link leads out of the folder, or around in it.
            let kind = entry.file_type()?;
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
        ensure!(files.len() <= MOST_FILES, "more than {MOST_FILES} files");
    }
    files.sort();
    Ok(files)
}

pub fn text_of(path: &Path) -> anyhow::Result<String> {
    let found = fs::metadata(path).with_context(|| path.display().to_string())?;
    // A pipe or a device would be read for ever.
    ensure!(found.is_file(), "{}: no file and no folder", path.display());
    let length = found.len();
    ensure!(length <= LONGEST_FILE, "{}: larger than {LONGEST_FILE} bytes", path.display());
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn read_markdown(path: &Path) -> anyhow::Result<Draft> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let text = text_of(path)?;
    let is_open = text.starts_with("---\n") && !text[4..].contains("\n---\n");
    ensure!(!is_open, "{}: the lines after the first --- do not end with another", path.display());
    Ok(of_markdown(&stem, &text))
}

/// An article in Markdown. Lines `key: value` between two `---` may come first: title, keywords (with commas between
/// them), collection, language. Without a title there, the first heading is it, and without that the file's name.
pub fn of_markdown(stem: &str, text: &str) -> Draft {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let front = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    let (front, mut body) = front.unwrap_or(("", text.as_str()));
    let value = |key: &str| {
        let found = front.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        found.map(|value| value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty())
    };
    body = body.trim_start();
    let heading = body.strip_prefix("# ").map(|rest| rest.split_once('\n').unwrap_or((rest, "")));
    let mut title = value("title");
    if let Some((first, rest)) = heading {
        title = title.or_else(|| Some(first.trim().to_owned()));
        body = rest;
    }
    let keywords = value("keywords").unwrap_or_default();
    Draft {
        slug: slug_of(stem),
        title: title.unwrap_or_else(|| stem.replace(['-', '_'], " ")),
        body: body.trim().to_owned(),
        keywords: Some(
            keywords.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect(),
        ),
        collection: value("collection"),
        language: value("language"),
        source_url: None,
    }
}

fn read_csv(text: &str) -> anyhow::Result<Vec<Draft>> {
    let rows = table::read(text, &["question", "answer"])?;
    let (mut drafts, mut slugs) = (Vec::new(), HashSet::new());
    // Two questions may begin alike: the number that the next one of a beginning tries first.
    let mut numbers: HashMap<String, u32> = HashMap::new();
    for row in rows {
        let [title, body] = <[String; 2]>::try_from(row).map_err(|_| Error::bug("two columns were asked for"))?;
        let beginning = slug_of(&title);
        let number = numbers.entry(beginning.clone()).or_insert(1);
        let mut slug = beginning.clone();
        while !slugs.insert(slug.clone()) {
            *number += 1;
            slug = format!("{beginning}-{number}");
        }
        drafts.push(Draft { slug, title, body, keywords: None, collection: None, language: None, source_url: None });
    }
    Ok(drafts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_it_is() {
        let full = of_markdown(
            "How_to",
            "---\ntitle: \"Costs\"\nkeywords: price, fee\ncollection: Money\n---\n# Not this\nFour.\n",
        );
        assert_eq!((full.slug.as_str(), full.title.as_str(), full.body.as_str()), ("how-to", "Costs", "Four."));
        assert_eq!((full.keywords.as_ref().map(Vec::len), full.collection.as_deref()), (Some(2), Some("Money")));
        let plain = of_markdown("keep-fresh", "# How long it keeps\r\n\r\nLong.");
        assert_eq!((plain.title.as_str(), plain.body.as_str()), ("How long it keeps", "Long."));
        assert_eq!(of_markdown("keep-fresh", "Long.").title, "keep fresh");
    }

    #[test]
    fn a_sheet_is_an_article_a_row() {
        let drafts = read_csv("question,answer\nIs it far 2,No.\nIs it far?,Yes.\nIs it far?,No.\n").expect("read");
        let slugs: Vec<_> = drafts.iter().map(|draft| draft.slug.as_str()).collect();
        assert_eq!(slugs, ["is-it-far-2", "is-it-far", "is-it-far-3"]);
    }
}
