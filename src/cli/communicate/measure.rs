//! `communicate measure`.

use std::path::PathBuf;

use anyhow::Result;
use autodidact::communicate::measures::topographic::{
    FeatureDistance, MessageDistance, topographic_similarity_of_features,
};
use autodidact::communicate::measures::{MessageSummary, Summary, language_similarity};
use autodidact::communicate::{Language, files};
use autodidact::experiment::table::Table;
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::common::{Output, text_table};
use crate::cli::exit::Exit;

/// Flags of `communicate measure`.
#[derive(Debug, Args)]
#[command(
    after_help = "Files are numpy's (an .npz archive with the named array, or an .npy file) or Parquet tables, a row for each object: a column of lists of the
name, or columns NAME_0, NAME_1, …; for features `*` is all columns of floats.
  messages    [N, T] symbols; the first 0 ends a message, what follows it does not count
  objects     [N, K] attribute values, integers from 0 on
  embeddings  [N, D] feature vectors, as `represent embed` writes them

Examples:
  autodidact communicate measure --messages m.npz --objects o.npz
  autodidact communicate measure --messages m.npz --objects o.npz --message-distance words --json
  autodidact communicate measure --messages m.npz --features photos.npz
  autodidact communicate measure --messages m.npz --objects o.npz --other-messages seed-2.npz"
)]
pub struct Arguments {
    /// File with the array `messages`
    #[arg(long, value_name = "FILE")]
    messages: PathBuf,
    /// File with the array `objects`
    #[arg(long, value_name = "FILE", required_unless_present = "features")]
    objects: Option<PathBuf>,
    /// File with feature vectors of the objects, for a topographic similarity by them
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,
    /// Name of the array of feature vectors
    #[arg(long, value_name = "NAME", default_value = "embeddings", requires = "features")]
    features_array: String,
    /// File with the array `messages` of another language for the same objects, for the similarity of both
    #[arg(long, value_name = "FILE")]
    other_messages: Option<PathBuf>,
    /// Number of symbols, the end among them; others are an error [default: whatever occurs]
    #[arg(long, value_name = "V", value_parser = clap::value_parser!(u32).range(1..))]
    vocab_size: Option<u32>,
    /// How far messages are apart, for topographic similarity
    #[arg(long, value_enum, default_value_t)]
    message_distance: OfMessages,
    /// How far feature vectors are apart, for topographic similarity
    #[arg(long, value_enum, default_value_t)]
    feature_distance: OfFeatures,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum OfMessages {
    /// Edit distance over all T positions, as EGG does
    #[default]
    Edit,
    /// Edit distance of the symbols before the ends
    Words,
    /// The same by the length of the longer one
    NormalizedWords,
    /// Positions that differ
    Hamming,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum OfFeatures {
    /// 1 less the cosine of the angle
    #[default]
    Cosine,
    /// Length of the difference
    Euclidean,
}

impl From<OfMessages> for MessageDistance {
    fn from(distance: OfMessages) -> Self {
        match distance {
            OfMessages::Edit => Self::Edit,
            OfMessages::Words => Self::Words,
            OfMessages::NormalizedWords => Self::NormalizedWords,
            OfMessages::Hamming => Self::Hamming,
        }
    }
}

impl From<OfFeatures> for FeatureDistance {
    fn from(distance: OfFeatures) -> Self {
        match distance {
            OfFeatures::Cosine => Self::Cosine,
            OfFeatures::Euclidean => Self::Euclidean,
        }
    }
}

/// What is printed: of the language if there are attributes, else of the messages.
#[derive(Debug, Serialize)]
struct Measured {
    #[serde(flatten)]
    of: Of,
    /// Present if features were given.
    #[serde(flatten)]
    by_features: Option<ByFeatures>,
    /// Present if another language was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    language_similarity: Option<f64>,
}

#[derive(Debug, Serialize)]
struct ByFeatures {
    feature_topographic_similarity: Option<f64>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Of {
    Language(Box<Summary>),
    Messages(MessageSummary),
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let messages = files::read_messages(&arguments.messages)?;
    if let Some(vocab_size) = arguments.vocab_size {
        messages.check_vocabulary(vocab_size)?;
    }
    let distance = arguments.message_distance.into();
    let by_features = match &arguments.features {
        None => None,
        Some(path) => {
            let features = files::read_features(path, &arguments.features_array)?;
            let of_features = arguments.feature_distance.into();
            let feature_topographic_similarity =
                topographic_similarity_of_features(&features, &messages, of_features, distance)?;
            Some(ByFeatures { feature_topographic_similarity })
        }
    };
    let language_similarity = match &arguments.other_messages {
        None => None,
        Some(path) => Some(language_similarity(&messages, &files::read_messages(path)?)?),
    };
    let of = match &arguments.objects {
        Some(path) => {
            let language = Language::new(files::read_objects(path)?, messages)?;
            language.require(2)?;
            Of::Language(Box::new(Summary::new(&language, distance)))
        }
        None => Of::Messages(MessageSummary::new(&messages)),
    };
    let measured = Measured { of, by_features, language_similarity };
    arguments.output.result(&measured, || describe(&measured))?;
    Ok(Exit::Done)
}

fn describe(measured: &Measured) -> String {
    let mut table = Table::new(["measure", "value", "of"]);
    let mut push =
        |name: &str, value: String, of: &str| table.push(vec![name.to_owned(), value, of.to_owned()]);
    let shared = match &measured.of {
        Of::Language(language) => {
            push("objects", language.objects.to_string(), "");
            push("attributes", language.attributes.to_string(), "");
            push(
                "topographic similarity",
                defined(language.topographic_similarity),
                "distances of objects and messages",
            );
            push("posdis", defined(language.posdis), "positions that tell of one attribute");
            push("bosdis", defined(language.bosdis), "symbols that tell of one attribute");
            push(
                "context independence",
                defined(language.context_independence),
                "values with a symbol of their own",
            );
            push("uniqueness", number(language.uniqueness), "messages that only one object has");
            push("best accuracy", number(language.best_accuracy), "a listener that knows this language");
            push("H(objects)", number(language.object_entropy), "bits");
            push("I(objects; messages)", number(language.mutual_information), "bits that messages tell");
            push("H(objects | messages)", number(language.information_lost), "bits that stay unknown");
            push("H(messages | objects)", number(language.synonymy), "bits of choice among synonyms");
            &language.messages
        }
        Of::Messages(messages) => messages,
    };
    if let Some(ByFeatures { feature_topographic_similarity }) = measured.by_features {
        push(
            "topographic similarity (features)",
            defined(feature_topographic_similarity),
            "distances of features and messages",
        );
    }
    if let Some(similarity) = measured.language_similarity {
        push("language similarity", number(similarity), "messages of both languages");
    }
    let lengths = shared.message_length;
    push("H(messages)", number(shared.message_entropy), "bits");
    push("H(symbols)", number(shared.symbol_entropy), "bits, before the ends");
    push(
        "message length",
        format!("{:.2}", lengths.mean),
        &format!("{} to {}, the end counted", lengths.min, lengths.max),
    );
    push("distinct messages", shared.distinct_messages.to_string(), "");
    push("vocabulary", shared.vocab_size.to_string(), "one more than the largest symbol");
    format!("{}\n\n{}", text_table(&table), text_table(&positions(measured, shared)))
}

/// A row for each position: how much it varies, and what it tells of each attribute.
fn positions(measured: &Measured, shared: &MessageSummary) -> Table {
    let information: &[Vec<f64>] = match &measured.of {
        Of::Language(language) => &language.position_information,
        Of::Messages(_) => &[],
    };
    let attributes = information.first().map_or(0, Vec::len);
    let columns = (0..attributes).map(|attribute| format!("tells of attribute {attribute}"));
    let mut table = Table::new(["position".to_owned(), "H, bits".to_owned()].into_iter().chain(columns));
    for (position, &entropy) in shared.position_entropies.iter().enumerate() {
        let told = information.get(position).into_iter().flatten().copied();
        let cells = std::iter::once(entropy).chain(told).map(number);
        table.push(std::iter::once(position.to_string()).chain(cells).collect());
    }
    table
}

fn number(value: f64) -> String {
    format!("{value:.4}")
}

fn defined(value: Option<f64>) -> String {
    value.map_or_else(|| "undefined".to_owned(), number)
}
