//! `communicate talk`.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use anyhow::{Result, bail};
use autodidact::communicate::agents::{Choice, Speaker};
use autodidact::communicate::training::{Game, GameConfig, Reconstructing, TrainConfig, restore};
use autodidact::communicate::{END, Messages, Objects};
use autodidact::experiment::rng::Seeds;
use autodidact::experiment::run::RunDirectory;
use clap::{Args, ValueEnum};
use rand::RngExt;
use serde::Serialize;

use crate::cli::common::Output;
use crate::cli::exit::{Exit, WrongUse};
use crate::cli::training::settings_of;

/// Flags of `communicate talk`.
#[derive(Debug, Args)]
#[command(
    after_help = "You are the listener: the agent says a message, you type the values of the object that you think it means.
You are the speaker: you are shown an object and type symbols from 1 on; the agent says what it understood.
Of a population, the first speaker and the first listener play. Numbers are separated by spaces. An empty line tells nothing and goes on; `quit` ends.

Examples:
  autodidact communicate talk --run runs/lewis
  autodidact communicate talk --run runs/lewis --as speaker --games 5"
)]
pub struct Arguments {
    /// Run of `communicate train`
    #[arg(long, value_name = "FOLDER")]
    run: PathBuf,
    /// Which part you play
    #[arg(long = "as", value_enum, default_value_t)]
    role: Role,
    /// Games at most
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    games: u32,
    /// Seed of the objects
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, Default, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum Role {
    /// You read what the agent says
    #[default]
    Listener,
    /// You say what the agent reads
    Speaker,
}

/// How it went.
#[derive(Debug, Serialize)]
struct Played {
    role: Role,
    games: u32,
    right: u32,
    right_values: usize,
    values: usize,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let run = RunDirectory::open(&arguments.run)?;
    let config: TrainConfig = settings_of(&run)?;
    let Game::Reconstruction(space) = &config.game else {
        bail!(WrongUse(format!(
            "`talk` is about objects with attributes, and those of `{}` are vectors of features or pictures; `communicate measure` tells how its \
             language is built",
            run.path().display()
        )));
    };
    let learner = restore(&config, &run)?;
    let (_, split) = config.objects()?;
    let talk = Talk { space, learner: &learner };
    let attributes = space.attributes;
    let mut played = Played { role: arguments.role, games: 0, right: 0, right_values: 0, values: 0 };
    let seeds = Seeds::new(arguments.seed);
    let mut lines = std::io::stdin().lock().lines();
    for game in 0..arguments.games {
        let number = seeds.keyed("talk", [u64::from(game)]).random_range(0..split.test.count());
        let object = split.test.select(&[number])?;
        let told = match arguments.role {
            Role::Listener => talk.listen(&object, &mut lines)?,
            Role::Speaker => talk.speak(&object, &mut lines)?,
        };
        let told = match told {
            Told::Quit => break,
            Told::Nothing => continue,
            Told::Values(values) => values,
        };
        let right = object.get(0).iter().zip(&told).filter(|(a, b)| a == b).count();
        played.games += 1;
        played.right += u32::from(right == attributes);
        played.right_values += right;
        played.values += attributes;
    }
    arguments.output.result(&played, || {
        let Played { games, right, right_values, values, .. } = played;
        format!("{right} of {games} objects told, {right_values} of {values} values")
    })?;
    Ok(Exit::Done)
}

/// What came of a game.
enum Told {
    Values(Vec<u32>),
    Nothing,
    Quit,
}

struct Talk<'a> {
    space: &'a GameConfig,
    learner: &'a Reconstructing,
}

impl Talk<'_> {
    /// The agent speaks, the person reads.
    fn listen(
        &self,
        object: &Objects,
        lines: &mut impl Iterator<Item = std::io::Result<String>>,
    ) -> Result<Told> {
        let said = self.learner.speaker().speak(object, Choice::Greedy).messages;
        let values = self.space.values;
        say(&format!("\nThe agent says: {}", written(said.word(0))));
        let prompt = format!("{} values from 0 to {}: ", self.space.attributes, values - 1);
        let answer = ask(lines, &prompt, |numbers| {
            let told = Objects::from_rows(&[numbers]).map_err(|error| error.to_string())?;
            let sizes = vec![values; self.space.attributes];
            told.check_values(&sizes).map_err(|error| error.to_string())?;
            Ok(told.get(0).to_vec())
        })?;
        if let Told::Values(_) = &answer {
            let heard = self.learner.listener().guess(&said);
            say(&format!(
                "It meant {}; its listener understands {}.",
                listed(object.get(0)),
                listed(heard.get(0))
            ));
        }
        Ok(answer)
    }

    /// The person speaks, the agent reads.
    fn speak(
        &self,
        object: &Objects,
        lines: &mut impl Iterator<Item = std::io::Result<String>>,
    ) -> Result<Told> {
        let channel = self.learner.speaker().channel();
        say(&format!("\nYou see: {}", listed(object.get(0))));
        let prompt =
            format!("up to {} symbols from 1 to {}: ", channel.max_length(), channel.vocab_size() - 1);
        let answer = ask(lines, &prompt, |mut numbers| {
            // What is typed ends where the line ends.
            if numbers.len() < channel.max_length() {
                numbers.resize(channel.max_length(), END);
            }
            let messages = Messages::from_rows(&[numbers]).map_err(|error| error.to_string())?;
            channel.check(&messages).map_err(|error| error.to_string())?;
            Ok(self.learner.listener().guess(&messages).get(0).to_vec())
        })?;
        if let Told::Values(heard) = &answer {
            let own = self.learner.speaker().speak(object, Choice::Greedy).messages;
            say(&format!(
                "The agent understands {}; its speaker says {}.",
                listed(heard),
                written(own.word(0))
            ));
        }
        Ok(answer)
    }
}

/// Asks until there is an answer that fits, a line that is empty, or an end.
fn ask(
    lines: &mut impl Iterator<Item = std::io::Result<String>>,
    prompt: &str,
    answer: impl Fn(Vec<u32>) -> Result<Vec<u32>, String>,
) -> Result<Told> {
    loop {
        eprint!("{prompt}");
        std::io::stderr().flush()?;
        let Some(line) = lines.next().transpose()? else { return Ok(Told::Quit) };
        let line = line.trim();
        if line.is_empty() {
            return Ok(Told::Nothing);
        }
        if matches!(line, "q" | "quit" | "exit") {
            return Ok(Told::Quit);
        }
        let numbers: Result<Vec<u32>, _> = line
            .split(|letter: char| letter.is_whitespace() || letter == ',')
            .filter(|word| !word.is_empty())
            .map(str::parse)
            .collect();
        match numbers.map_err(|_| format!("`{line}` is no list of numbers")).and_then(&answer) {
            Ok(values) => return Ok(Told::Values(values)),
            Err(reason) => say(&reason),
        }
    }
}

/// The game is for people: it goes to stderr, where the results of programs are not.
fn say(line: &str) {
    eprintln!("{line}");
}

fn written(word: &[u32]) -> String {
    if word.is_empty() { "nothing".to_owned() } else { listed(word) }
}

fn listed(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
}
