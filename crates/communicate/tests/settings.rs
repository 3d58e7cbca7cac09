//! Settings of games: those that are stored, and those of a game that is not played.

use autodidact_communicate::game::{Distractors, Sampled};
use autodidact_communicate::training::{Game, Normalise, TrainConfig};
use autodidact_experiment::settings::{SettingsError, layer};

fn with(pairs: &[&str]) -> Result<TrainConfig, SettingsError> {
    let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
    layer(&TrainConfig::default(), None, &pairs)
}

#[test]
fn settings_without_a_kind_are_those_of_a_reconstruction() {
    let mut json = serde_json::to_value(TrainConfig::default()).expect("it is plain data");
    let game = json["game"].as_object_mut().expect("a table");
    assert_eq!(game.remove("kind"), Some("reconstruction".into()));
    let read: TrainConfig = serde_json::from_value(json).expect("a configuration of before");
    assert_eq!(read, TrainConfig::default());
    let stored = "[game]\nattributes = 3\nvalues = 6\nobjects = 0\nsplit = { kind = 'full' }";
    let read = layer(&TrainConfig::default(), Some(("config.toml", stored)), &[]).expect("one of before");
    assert_eq!(read.reconstruction().expect("the same game").attributes, 3);
    let set = with(&["game.attributes=3", "game.values=5"]).expect("as before");
    assert_eq!(set.reconstruction().expect("the same game").values, 5);
}

#[test]
fn each_game_has_its_own_settings() {
    let set = with(&[
        "game=discrimination",
        "game.features=x.npz",
        "game.distractors=sampled",
        "game.distractors.count=4",
        "game.normalise=none",
    ]);
    let set = set.expect("another game");
    let Game::Discrimination(game) = &set.game else { panic!("another game: {set:?}") };
    assert_eq!(game.distractors, Distractors::Sampled(Sampled { count: 4 }));
    assert_eq!((game.normalise, game.projection), (Normalise::None, 100));
    let json = serde_json::to_value(&set).expect("it is plain data");
    assert_eq!(serde_json::from_value::<TrainConfig>(json).expect("its own"), set);

    for (pairs, expected) in [
        (&["game.features=x.npz"][..], "`game.features` is a setting of a discrimination game"),
        (&["game=discrimination", "game.values=3"], "`game.values` is a setting of a reconstruction game"),
        (&["game.atributes=3"], "did you mean `attributes`?"),
    ] {
        let message = with(pairs).expect_err(expected).to_string();
        assert!(message.contains(expected), "`{message}` has `{expected}`");
    }
}

#[test]
fn every_preset_is_in_range() {
    for name in TrainConfig::PRESETS {
        let mut config = TrainConfig::preset(name).expect("a preset");
        if let Game::Discrimination(game) = &mut config.game {
            match &mut game.images {
                Some(images) => images.path = "photos".into(),
                None => game.features = "x.npz".into(),
            }
        }
        if name == "pictures" && !cfg!(feature = "images") {
            let error = config.validate().expect_err("encoders are not in this build").to_string();
            assert!(error.contains("in one with the feature `images`"), "{error}");
            continue;
        }
        config.validate().expect(name);
    }
}
