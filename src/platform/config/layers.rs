//! The layers that can be given: a TOML file, the environment, flags. Each becomes a list of settings, none merged yet.

use std::collections::BTreeMap;
use std::fs;

use toml::{Table, Value};

use super::load::{Flag, Mistake};
use super::names::{self, HABITUAL, SECRETS};

/// One value of one key, under the name that the operator gave it by.
pub struct Setting {
    pub name: String,
    pub key: String,
    pub value: Value,
}

/// Keys may be unknown here; only the file's syntax is judged.
pub fn of_file(named_by: &str, path: &str) -> Result<Vec<Setting>, Mistake> {
    let text =
        fs::read_to_string(path).map_err(|error| Mistake::new(named_by, format!("cannot read {path}: {error}")))?;
    let table: Table = text.parse().map_err(|error| Mistake::new(path, syntax_fault(&text, &error)))?;
    let setting = |(key, value)| Setting { name: format!("{path}: {key}"), key, value };
    Ok(leaves(table).into_iter().map(setting).collect())
}

/// The habitual names first: the long name of the same key wins.
pub fn of_environment(
    environment: &BTreeMap<String, String>,
    defaults: &BTreeMap<String, Value>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Setting> {
    let habitual = HABITUAL.into_iter().map(|(name, key)| (name.to_owned(), key));
    let long = defaults.keys().map(|key| (names::environment_name(key), key.as_str()));
    let mut settings = Vec::new();
    for (name, key) in habitual.chain(long) {
        match variable(environment, &name, key) {
            Ok(Some((name, text))) => {
                settings.push(Setting { value: typed(&defaults[key], &text), name, key: key.into() });
            }
            Ok(None) => {}
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let given = environment.iter().filter(|(_, text)| !text.is_empty());
    mistakes.extend(given.filter_map(|(name, text)| {
        let fault = names::fault_of(name, text, defaults.keys().map(String::as_str))?;
        Some(Mistake::new(name, fault))
    }));
    settings
}

/// Variables that are almost a name of a setting which nothing gives.
pub fn near_misses(environment: &BTreeMap<String, String>, is_given: impl Fn(&str) -> bool) -> Vec<Mistake> {
    let given = environment.iter().filter(|(_, text)| !text.is_empty());
    let miss = given.filter_map(|(name, _)| Some((name, names::nearly_habitual(name)?)));
    let miss = miss.filter(|(_, (_, key))| !is_given(key));
    miss.map(|(name, (known, _))| Mistake::new(name, format!("is not read; did you mean {known}?"))).collect()
}

pub fn of_flags(flags: Vec<Flag>, defaults: &BTreeMap<String, Value>) -> Vec<Setting> {
    let setting = |flag: Flag| Setting {
        value: typed(&defaults[flag.key], &flag.text),
        name: flag.name.into(),
        key: flag.key.into(),
    };
    flags.into_iter().map(setting).collect()
}

/// The leaves of a tree of sections, with their dotted keys.
pub fn leaves(tree: Table) -> Vec<(String, Value)> {
    let leaves_of = |(word, value)| match value {
        Value::Table(section) => {
            leaves(section).into_iter().map(|(key, value)| (format!("{word}.{key}"), value)).collect()
        }
        value => vec![(word, value)],
    };
    tree.into_iter().flat_map(leaves_of).collect()
}

/// Puts a value in the place of another; the sections of its dotted key have to be there.
pub fn put(tree: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(tree.insert(key.to_owned(), value)),
        Some((section, key)) => {
            if let Some(Value::Table(section)) = tree.get_mut(section) {
                put(section, key, value);
            }
        }
    }
}

/// The text of a variable or of the file it names, and the name that was used. An empty variable counts as unset.
fn variable(
    environment: &BTreeMap<String, String>,
    name: &str,
    key: &str,
) -> Result<Option<(String, String)>, Mistake> {
    let given = |name: &str| environment.get(name).filter(|text| !text.is_empty());
    let file_name = format!("{name}_FILE");
    let path = given(&file_name).filter(|_| SECRETS.contains(&key));
    match (given(name), path) {
        (Some(_), Some(_)) => Err(Mistake::new(name, format!("both {name} and {file_name} are given; keep one"))),
        (Some(text), None) => Ok(Some((name.into(), text.clone()))),
        (None, Some(path)) => match fs::read_to_string(path) {
            Ok(text) if text.trim().is_empty() => Err(Mistake::new(file_name, format!("{path} is empty"))),
            Ok(text) => Ok(Some((file_name, text.trim_end_matches(['\r', '\n']).into()))),
            Err(error) => Err(Mistake::new(file_name, format!("cannot read {path}: {error}"))),
        },
        (None, None) => Ok(None),
    }
}

/// The text as the type that the key's default has; left a text, for the checks to refuse, where it cannot be.
fn typed(default: &Value, text: &str) -> Value {
    let parsed = match default {
        Value::Integer(_) => text.trim().parse::<i64>().ok().map(Value::from),
        Value::Boolean(_) => match text.trim().to_lowercase().as_str() {
            "true" | "on" | "yes" | "1" => Some(true.into()),
            "false" | "off" | "no" | "0" => Some(false.into()),
            _ => None,
        },
        Value::Array(_) => {
            let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
            // A text that names nothing says nothing either: no list that is empty on purpose.
            (!items.is_empty()).then(|| items.into_iter().map(Value::from).collect::<Vec<_>>().into())
        }
        _ => None,
    };
    parsed.unwrap_or_else(|| text.into())
}

fn syntax_fault(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
    format!("line {line} is not TOML: {}", error.message().replace('\n', ", "))
}
