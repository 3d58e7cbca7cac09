//! Settings in layers: defaults, then a file, then `key=value` pairs from the command line.
//!
//! A layer names only what differs. Unknown keys are errors that suggest the nearest known one.
//! Environment variables are left out: a run's settings are in its `config.toml` and nowhere else.

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// The key that tells which variant of an enum a table is.
const VARIANT: &str = "kind";
/// How alike a known key has to be to be suggested, from 0 to 1.
const SIMILARITY: f64 = 0.7;

/// What can be wrong with settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A file is no TOML.
    #[error("`{origin}` is not valid TOML: {reason}")]
    Syntax {
        /// The file.
        origin: String,
        /// The parser's reason, with line and column.
        reason: String,
    },
    /// A pair from the command line has no `=`.
    #[error("`{pair}` is no setting; write `--set key=value`, for instance `--set epochs=10`")]
    Pair {
        /// The text.
        pair: String,
    },
    /// A key goes through something that has no keys.
    #[error("`{key}` cannot be set: `{parent}` is a single value")]
    NotATable {
        /// The full key.
        key: String,
        /// The part that is a value.
        parent: String,
    },
    /// A key is not known.
    #[error("unknown setting `{key}`{}; known here: {known}", suggestion.as_ref().map_or(String::new(), |near| format!(", did you mean `{near}`?")))]
    UnknownKey {
        /// The key.
        key: String,
        /// The nearest known one.
        suggestion: Option<String>,
        /// The known ones.
        known: String,
    },
    /// A value does not fit its key.
    #[error("settings do not fit: {reason}")]
    Value {
        /// The reason, with the key where it is known.
        reason: String,
    },
}

/// `defaults` with the layers of `file` (origin and text) and `pairs` on top.
///
/// Setting a table's `kind` to another value drops the table's other keys, which belonged to the old kind. A word in the place
/// of such a table is its kind: `optim.tuner=cdat` means `optim.tuner.kind=cdat`.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// #[derive(Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Config { epochs: usize, optimizer: String }
///
/// let defaults = Config { epochs: 30, optimizer: "sgd".into() };
/// let file = Some(("my.toml", "epochs = 20"));
/// let config = autodidact_experiment::settings::layer(&defaults, file, &["optimizer=lars".into()]).unwrap();
/// assert_eq!((config.epochs, config.optimizer.as_str()), (20, "lars"));
///
/// let error = autodidact_experiment::settings::layer(&defaults, None, &["epoch=3".into()]).err().unwrap();
/// assert!(error.to_string().contains("did you mean `epochs`?"));
/// ```
///
/// # Errors
/// Every variant of [`SettingsError`].
pub fn layer<T: Serialize + DeserializeOwned>(
    defaults: &T,
    file: Option<(&str, &str)>,
    pairs: &[String],
) -> Result<T, SettingsError> {
    let mut settings = Table::try_from(defaults).map_err(|error| value_error(&error))?;
    if let Some((origin, text)) = file {
        let table: Table = text.parse().map_err(|error: toml::de::Error| SettingsError::Syntax {
            origin: origin.to_owned(),
            reason: error.to_string(),
        })?;
        merge(&mut settings, table);
        complete::<T>(&mut settings)?;
    }
    for pair in pairs {
        let (key, value) = pair.split_once('=').ok_or_else(|| SettingsError::Pair { pair: pair.clone() })?;
        set(&mut settings, key.trim(), parse(value.trim()))?;
        complete::<T>(&mut settings)?;
    }
    settings.try_into().map_err(|error: toml::de::Error| explain(&error))
}

/// Gives a table whose kind has changed the new kind's defaults, among which may be tables with kinds. Settings that do not fit are left
/// alone: others may follow that make them fit. A kind without settings of its own takes any and keeps none, which is an error.
fn complete<T: Serialize + DeserializeOwned>(settings: &mut Table) -> Result<(), SettingsError> {
    if let Some(whole) = settings.clone().try_into::<T>().ok().and_then(|known| Table::try_from(known).ok()) {
        if let Some((key, known)) = lost(settings, &whole) {
            let known: Vec<&str> = known.keys().map(String::as_str).collect();
            let suggestion = key.rsplit('.').next().and_then(|key| nearest(key, &known)).map(str::to_owned);
            return Err(SettingsError::UnknownKey { key, suggestion, known: known.join(", ") });
        }
        *settings = whole;
    }
    Ok(())
}

/// The first key that is in one table and not in the other, with the keys that are there.
fn lost<'a>(before: &Table, after: &'a Table) -> Option<(String, &'a Table)> {
    before.iter().find_map(|(key, value)| match (value, after.get(key)) {
        (_, None) => Some((key.clone(), after)),
        (Value::Table(before), Some(Value::Table(after))) => {
            lost(before, after).map(|(inner, known)| (format!("{key}.{inner}"), known))
        }
        _ => None,
    })
}

fn merge(settings: &mut Table, layer: Table) {
    forget_old_kind(settings, layer.get(VARIANT));
    for (key, value) in layer {
        match (settings.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (Some(Value::Table(below)), Value::String(kind)) if below.contains_key(VARIANT) => {
                merge(below, Table::from_iter([(VARIANT.to_owned(), Value::String(kind))]));
            }
            (_, value) => {
                settings.insert(key, value);
            }
        }
    }
}

fn set(settings: &mut Table, key: &str, value: Value) -> Result<(), SettingsError> {
    let mut table = settings;
    let mut parts = key.split('.').peekable();
    let mut walked = String::new();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            if part == VARIANT {
                forget_old_kind(table, Some(&value));
            }
            merge(table, Table::from_iter([(part.to_owned(), value)]));
            return Ok(());
        }
        walked = if walked.is_empty() { part.to_owned() } else { format!("{walked}.{part}") };
        let entry = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(inner) = entry else {
            return Err(SettingsError::NotATable { key: key.to_owned(), parent: walked });
        };
        table = inner;
    }
    Ok(())
}

/// Empties a table whose kind changes.
fn forget_old_kind(table: &mut Table, new: Option<&Value>) {
    if let (Some(old), Some(new)) = (table.get(VARIANT), new)
        && old != new
    {
        table.clear();
    }
}

/// A TOML value, or a bare word as text.
fn parse(text: &str) -> Value {
    let line = format!("value = {text}");
    match line.parse::<Table>() {
        Ok(mut table) => table.remove("value").unwrap_or_else(|| Value::String(text.to_owned())),
        Err(_) => Value::String(text.to_owned()),
    }
}

fn value_error(error: &dyn std::fmt::Display) -> SettingsError {
    SettingsError::Value { reason: error.to_string().trim().replace('\n', ", ") }
}

/// Turns serde's "unknown field" message into one with a suggestion.
fn explain(error: &toml::de::Error) -> SettingsError {
    let message = error.message();
    let Some(rest) = message.strip_prefix("unknown field `") else { return value_error(error) };
    let Some((key, rest)) = rest.split_once('`') else { return value_error(error) };
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    SettingsError::UnknownKey {
        key: key.to_owned(),
        suggestion: nearest(key, &known).map(str::to_owned),
        known: known.join(", "),
    }
}

/// The word of `known` most like `word`, if one is like it at all.
///
/// ```
/// use autodidact_experiment::settings::nearest;
/// assert_eq!(nearest("byol-smal", &["byol-small", "simclr"]), Some("byol-small"));
/// assert_eq!(nearest("xyz", &["byol-small", "simclr"]), None);
/// ```
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate))
        .filter(|(similarity, _)| *similarity >= SIMILARITY)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::{SettingsError, layer};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
    enum Rule {
        Sgd {
            #[serde(default)]
            nesterov: bool,
        },
        Lars {
            #[serde(default)]
            eta: f64,
        },
        Tuned {
            #[serde(default = "constant")]
            tuner: Tuner,
        },
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
    enum Tuner {
        Constant,
        Cdat {
            #[serde(default)]
            scale: f64,
        },
    }

    fn constant() -> Tuner {
        Tuner::Constant
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Config {
        epochs: usize,
        name: String,
        rule: Rule,
    }

    fn defaults() -> Config {
        Config { epochs: 3, name: "a".into(), rule: Rule::Sgd { nesterov: true } }
    }

    fn with(pairs: &[&str]) -> Result<Config, SettingsError> {
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        layer(&defaults(), None, &pairs)
    }

    #[test]
    fn later_layers_win() {
        let config = layer(&defaults(), Some(("f", "epochs = 5\nname = 'b'")), &["epochs=7".into()]).unwrap();
        assert_eq!((config.epochs, config.name.as_str()), (7, "b"));
    }

    #[test]
    fn a_new_kind_drops_the_keys_of_the_old_one() {
        let config = with(&["rule.kind=lars", "rule.eta=0.02"]).unwrap();
        assert_eq!(config.rule, Rule::Lars { eta: 0.02 });
        let same = with(&["rule.kind=sgd"]).unwrap();
        assert_eq!(same.rule, Rule::Sgd { nesterov: true });
    }

    #[test]
    fn a_word_in_the_place_of_a_table_is_its_kind() {
        let config = with(&["rule=lars", "rule.eta=0.02"]).unwrap();
        assert_eq!(config.rule, Rule::Lars { eta: 0.02 });
        let config = layer(&defaults(), Some(("f", "rule = 'lars'")), &[]).unwrap();
        assert_eq!(config.rule, Rule::Lars { eta: 0.0 });
        assert_eq!(with(&["rule=sgd"]).unwrap().rule, Rule::Sgd { nesterov: true });
        assert!(with(&["rule=lasr"]).unwrap_err().to_string().contains("lasr"));
    }

    #[test]
    fn a_new_kind_brings_its_own_kinds() {
        let config = with(&["rule=tuned", "rule.tuner=cdat", "rule.tuner.scale=2"]).unwrap();
        assert_eq!(config.rule, Rule::Tuned { tuner: Tuner::Cdat { scale: 2.0 } });
        let config = layer(&defaults(), Some(("f", "rule = 'tuned'")), &["rule.tuner=cdat".into()]).unwrap();
        assert_eq!(config.rule, Rule::Tuned { tuner: Tuner::Cdat { scale: 0.0 } });
    }

    #[test]
    fn unknown_keys_are_refused_with_the_nearest_known_one() {
        let message = with(&["epcohs=1"]).unwrap_err().to_string();
        assert!(message.contains("unknown setting `epcohs`, did you mean `epochs`?"), "{message}");
        // A kind without settings takes any and forgets them.
        let message = with(&["rule=tuned", "rule.tuner.scale=2"]).unwrap_err().to_string();
        assert!(message.contains("unknown setting `rule.tuner.scale`; known here: kind"), "{message}");
        let message = with(&["rule.nestrov=true"]).unwrap_err().to_string();
        assert!(message.contains("did you mean `nesterov`?"), "{message}");
    }

    #[test]
    fn wrong_types_pairs_and_paths_are_told() {
        assert!(matches!(with(&["epochs=many"]), Err(SettingsError::Value { .. })));
        assert!(matches!(with(&["epochs"]), Err(SettingsError::Pair { .. })));
        assert!(matches!(with(&["name.first=1"]), Err(SettingsError::NotATable { .. })));
        let broken = layer(&defaults(), Some(("my.toml", "epochs = [")), &[]);
        assert!(matches!(broken, Err(SettingsError::Syntax { origin, .. }) if origin == "my.toml"));
    }
}
