//! `plan search`: what a search says of one position.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use autodidact::arena::{
    GameName, NamedTree, Opinion, Playable, Recipe, Visitor, draw_chance, play_moves, table,
};
use autodidact::experiment::file;
use autodidact::games::Turn;
use autodidact::mcts::Ended;
use clap::Args;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;

use super::settings::{Board, Effort};
use super::told;
use crate::cli::common::{Output, require_new_file};
use crate::cli::exit::Exit;

/// Flags of `plan search`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  autodidact plan search --game connect4 --moves 4453 --simulations 10000
  autodidact plan search --game chess --moves 'e2e4 e7e5' --recipe all --time 5 --json
  autodidact plan search --game tic-tac-toe --recipe gumbel --simulations 50 --tree tree.dot")]
pub struct Arguments {
    #[command(flatten)]
    board: Board,
    /// Moves from there, in the game's own names with spaces or commas between them; connect4: columns in one string
    #[arg(long, default_value = "")]
    moves: String,
    #[command(flatten)]
    effort: Effort,
    /// New file for the tree: all of it as .json, or as a .dot graph of the nodes with a hundredth of the simulations
    #[arg(long, value_name = "FILE")]
    tree: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Found {
    game: GameName,
    recipe: Recipe,
    /// What says what positions are worth.
    evaluator: &'static str,
    seed: u64,
    moves: Vec<String>,
    to_move: &'static str,
    best: String,
    value: f32,
    raw_value: f32,
    bounds: Option<[f32; 2]>,
    simulations: u32,
    nodes: usize,
    depth: u32,
    ended: Ended,
    seconds: f64,
    actions: Vec<Opinion>,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    if let Some(path) = &arguments.tree {
        require_new_file(path, &["dot", "json"])?;
    }
    arguments.board.setup().visit(Search(arguments)).map_err(told)?
}

struct Search<'a>(&'a Arguments);

impl Visitor for Search<'_> {
    type Output = Result<Exit>;

    fn visit<G: Playable>(self, start: G) -> Result<Exit> {
        let Arguments { moves, effort, tree, output, .. } = self.0;
        let searcher = effort.network.searcher(effort.recipe, &start)?;
        let (recipe, judge) = (searcher.recipe, searcher.judge());
        let mut session = searcher.session(start.clone(), effort.seed);
        for action in play_moves(&mut start.clone(), moves).map_err(told)? {
            session.play(action).map_err(told)?;
        }
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(effort.seed);
        while session.game().turn() == Turn::Chance {
            let outcome = draw_chance(session.game(), &mut rng);
            output.note(&format!("chance has its turn, drawn: {}", session.game().action_name(outcome)));
            session.play(outcome).map_err(told)?;
        }
        let begun = Instant::now();
        let limits = effort.budget.limits();
        let policy = session.think(limits).map_err(told)?;
        let seconds = begun.elapsed().as_secs_f64();
        let game = session.game();
        let found = Found {
            game: G::NAME,
            recipe,
            evaluator: judge,
            seed: effort.seed,
            moves: session.names(),
            to_move: G::SIDES[usize::from(game.turn() == Turn::Second)],
            best: game.action_name(policy.action),
            value: policy.value,
            raw_value: policy.raw_value,
            bounds: policy.bounds,
            simulations: policy.visits.iter().sum(),
            nodes: policy.nodes,
            depth: policy.depth,
            ended: policy.ended,
            seconds,
            actions: Opinion::of(game, &policy),
        };
        if let (Some(path), Some(planner)) = (tree, session.planner()) {
            write(path, &NamedTree::new(game, planner.snapshot()), found.simulations)?;
            output.note(&format!("the tree is in `{}`", path.display()));
        }
        output.result(&found, || text(&game.draw(), &found))?;
        Ok(Exit::Done)
    }
}

fn write(path: &Path, tree: &NamedTree, simulations: u32) -> Result<()> {
    let is_graph = path.extension().is_some_and(|ending| ending == "dot");
    let text = if is_graph { tree.to_dot((simulations / 100).max(2)) } else { serde_json::to_string(tree)? };
    Ok(file::write(path, text.as_bytes())?)
}

fn text(board: &str, found: &Found) -> String {
    let Found { to_move, best, value, simulations, nodes, depth, seconds, .. } = found;
    let value = match found.bounds {
        Some([low, high]) if low == high => format!("{value:+.3}, for certain"),
        _ => format!("{value:+.3}"),
    };
    let full = match found.ended {
        Ended::Nodes | Ended::Memory => "; the memory for the tree is full",
        _ => "",
    };
    let table = table(&found.actions, usize::MAX);
    format!(
        "{board}\n{to_move} to move\n\n{table}\n\nbest {best}, value {value}; {simulations} simulations of {} with {}, \
         {nodes} nodes, depth {depth}, {seconds:.3} s{full}",
        found.recipe, found.evaluator
    )
}
