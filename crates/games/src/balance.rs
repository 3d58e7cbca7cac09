//! A pole that stands on a cart and is not to fall.

use rand::{Rng, RngExt};

use crate::cart_pole::{Constants, State};
use crate::{Action, Game, Observe, Turn};

/// Those of `CartPole-v1`: a cart and a hinge without friction.
const CONSTANTS: Constants = Constants {
    gravity: 9.8,
    cart_mass: 1.0,
    pole_mass: 0.1,
    half_length: 0.5,
    cart_friction: 0.0,
    pole_friction: 0.0,
    max_force: 10.0,
    rail: 2.4,
    time_step: 0.02,
    num_steps: 500,
};

/// The angle at which the pole counts as fallen: 12 degrees.
const FALLEN: f64 = 12.0 * std::f64::consts::PI / 180.0;

/// No number of a beginning is further from 0.
const FARTHEST: f64 = 0.05;

/// The task to balance a pole that stands on a cart, by pushing the cart to the left (move 0) or to the right (move 1).
///
/// Constants, Euler's method, rewards and the end are those of `CartPole-v1` of Gymnasium (Farama Foundation,
/// `envs/classic_control/cartpole.py`), which is the task of Barto, Sutton and Anderson 1983 without friction: each push earns 1, the one by
/// which the pole falls too, and an episode ends there, at the end of the rail, or after 500 pushes. Two things differ. A [`Balance`] begins
/// where it is told to, and [`Balance::drawn`] draws Gymnasium's beginnings; and an observation has the share of the time that is left as
/// its fifth number, since values depend on it.
///
/// To swing the pole up first is [`CartPole`](crate::CartPole)'s task.
///
/// ```
/// use autodidact_games::{Balance, Game, Turn, cart_pole::State};
///
/// let mut pole = Balance::new(State { angle: 0.0, ..State::default() });
/// let mut earned = 0.0;
/// while pole.turn() != Turn::Over {
///     earned += pole.play(1);
/// }
/// assert_eq!(earned, 9.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Balance {
    state: State,
    steps: u32,
}

impl Balance {
    /// The task from this state.
    pub fn new(state: State) -> Self {
        Self { state, steps: 0 }
    }

    /// The task from a state whose four numbers are drawn evenly between −0.05 and 0.05.
    pub fn drawn(rng: &mut impl Rng) -> Self {
        let [position, velocity, angle, angular_velocity] =
            std::array::from_fn(|_| rng.random_range(-FARTHEST..FARTHEST));
        Self::new(State { position, velocity, angle, angular_velocity })
    }

    /// Where the cart and the pole are.
    pub fn state(&self) -> State {
        self.state
    }

    fn has_fallen(&self) -> bool {
        self.state.position.abs() > CONSTANTS.rail || self.state.angle.abs() > FALLEN
    }
}

impl Game for Balance {
    fn num_actions(&self) -> usize {
        2
    }

    fn turn(&self) -> Turn {
        if self.has_fallen() || self.steps >= CONSTANTS.num_steps { Turn::Over } else { Turn::First }
    }

    fn legal_actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        if self.turn() == Turn::First {
            actions.extend([0, 1]);
        }
    }

    fn play(&mut self, action: Action) -> f32 {
        assert!(self.is_legal(action), "move {action} is not legal");
        let force = if action == 1 { CONSTANTS.max_force } else { -CONSTANTS.max_force };
        let change = CONSTANTS.derivative(self.state, force);
        self.state = self.state.moved(change, CONSTANTS.time_step);
        self.steps += 1;
        1.0
    }

    fn key(&self) -> u64 {
        self.state.key(self.steps)
    }
}

impl Observe for Balance {
    /// x as a share of the rail, ẋ, θ as a share of the angle at which the pole has fallen, θ̇, and the share of the time that is left.
    fn observation_shape(&self) -> [usize; 3] {
        [5, 1, 1]
    }

    fn observe(&self, planes: &mut [f32]) {
        let State { position, velocity, angle, angular_velocity } = self.state;
        let left = 1.0 - f64::from(self.steps) / f64::from(CONSTANTS.num_steps);
        let values = [position / CONSTANTS.rail, velocity, angle / FALLEN, angular_velocity, left];
        assert_eq!(planes.len(), values.len(), "an observation has 5 numbers");
        for (plane, value) in planes.iter_mut().zip(values) {
            *plane = value as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    /// `tests/reference/balance.py`: Gymnasium's own steps.
    #[test]
    fn the_pole_goes_where_gymnasium_says() {
        let start = State { position: 0.01, velocity: -0.02, angle: 0.03, angular_velocity: 0.04 };
        let mut pole = Balance::new(start);
        let expected = [
            (1, [0.009600000000000001, 0.17467919574755525, 0.0308, -0.2430687179600081]),
            (60, [0.17168138772577973, -0.03152325853033386, -0.006460188544029317, 0.29419579535287765]),
            (70, [0.3411717088366933, 1.9241280799165694, -0.21599063797360069, -2.780104718514924]),
        ];
        let mut steps = 0;
        for (end, numbers) in expected {
            while steps < end {
                assert_eq!(pole.turn(), Turn::First);
                let State { angle, angular_velocity, .. } = pole.state();
                steps += 1;
                let leans_right = angle + 0.5 * angular_velocity > 0.0;
                assert_eq!(pole.play(Action::from(leans_right || steps > 60)), 1.0);
            }
            let State { position, velocity, angle, angular_velocity } = pole.state();
            for (ours, theirs) in [position, velocity, angle, angular_velocity].into_iter().zip(numbers) {
                assert!((ours - theirs).abs() < 1e-12, "step {end}: {ours}, expected {theirs}");
            }
        }
        assert_eq!(pole.turn(), Turn::Over);
    }

    #[test]
    fn a_pole_that_is_balanced_earns_500() {
        let mut rng = rand_xoshiro::Xoshiro256PlusPlus::from_seed([7; 32]);
        let mut pole = Balance::drawn(&mut rng);
        let mut earned = 0.0;
        while pole.turn() != Turn::Over {
            let State { position, velocity, angle, angular_velocity } = pole.state();
            let lean = angle + 0.5 * angular_velocity + 0.1 * position + 0.2 * velocity;
            earned += pole.play(Action::from(lean > 0.0));
        }
        assert_eq!(earned, 500.0);
    }
}
