//! A pole that is to be swung up on a cart.

use crate::bits::mix;
use crate::{Action, Error, Game, Observe, Result, Turn};

/// Where the cart and the pole are, and how fast they move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// The cart's distance from the middle of the rail, x, in metres.
    pub position: f64,
    /// ẋ, in metres per second.
    pub velocity: f64,
    /// The pole's angle θ from where it stands upright, in radians.
    pub angle: f64,
    /// θ̇, in radians per second.
    pub angular_velocity: f64,
}

/// The pole hangs still from a cart in the middle.
impl Default for State {
    fn default() -> Self {
        Self { position: 0.0, velocity: 0.0, angle: std::f64::consts::PI, angular_velocity: 0.0 }
    }
}

/// The constants of the cart and the pole, and of the task.
///
/// The defaults are those of Barto, Sutton and Anderson 1983, appendix, and ten seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constants {
    /// g, in metres per square second.
    pub gravity: f64,
    /// The cart's mass mᶜ, in kilograms.
    pub cart_mass: f64,
    /// The pole's mass m, in kilograms.
    pub pole_mass: f64,
    /// Half of the pole's length, l, in metres.
    pub half_length: f64,
    /// The friction of the cart on the rail, μᶜ, in newtons.
    pub cart_friction: f64,
    /// The friction of the pole's hinge, μᵖ, in newton metres per radian per second.
    pub pole_friction: f64,
    /// The force, in newtons, that 1 stands for.
    pub max_force: f64,
    /// How far the cart may be from the middle, in metres.
    pub rail: f64,
    /// How long a force acts, in seconds.
    pub time_step: f64,
    /// After how many steps an episode ends.
    pub num_steps: u32,
}

impl Default for Constants {
    fn default() -> Self {
        Self {
            gravity: 9.8,
            cart_mass: 1.0,
            pole_mass: 0.1,
            half_length: 0.5,
            cart_friction: 0.0005,
            pole_friction: 0.000_002,
            max_force: 10.0,
            rail: 2.4,
            time_step: 0.02,
            num_steps: 500,
        }
    }
}

/// The task to swing a pole up, and to balance it, by forces on the cart that it hangs from.
///
/// With F for the force and M = mᶜ + m, the pole and the cart accelerate by (Barto, Sutton, Anderson 1983, appendix)
///
/// ```text
/// θ̈ = [g sin θ + cos θ (−F − m l θ̇² sin θ + μᶜ sgn ẋ) / M − μᵖ θ̇ / (m l)] / [l (4/3 − m cos² θ / M)]
/// ẍ = [F + m l (θ̇² sin θ − θ̈ cos θ) − μᶜ sgn ẋ] / M
/// ```
///
/// and are followed by one step of the classical Runge–Kutta method for each force. The reward of a step is (1 + cos θ) / 2
/// after it, 1 for a pole that stands, if the cart is on the rail; if it is not, the reward is 0 and the episode is over.
/// (Barto, Sutton and Anderson balance a pole that stands already, with Euler's method, and punish its fall.)
///
/// [`step`](Self::step) takes any force. As a [`Game`], the pole has forces on a grid: move `i` of `n` is −1 + 2 i / (n − 1).
///
/// ```
/// use autodidact_games::cart_pole::CartPole;
///
/// let mut pole = CartPole::new(3)?;
/// let reward = pole.step(0.5);
/// assert!(reward < 0.001 && pole.state().position > 0.0);
/// # Ok::<(), autodidact_games::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CartPole {
    state: State,
    constants: Constants,
    num_forces: u32,
    steps: u32,
}

impl CartPole {
    /// The usual task, from a hanging pole, with so many forces on the grid.
    ///
    /// # Errors
    /// [`Error::Setting`] for fewer than two forces.
    pub fn new(num_forces: u32) -> Result<Self> {
        Self::with(Constants::default(), State::default(), num_forces)
    }

    /// A task of other constants, or from another state.
    ///
    /// # Errors
    /// [`Error::Setting`] for fewer than two forces, and for masses, lengths or times that are not positive.
    pub fn with(constants: Constants, state: State, num_forces: u32) -> Result<Self> {
        let Constants { cart_mass, pole_mass, half_length, rail, time_step, .. } = constants;
        for (name, value) in [
            ("cart_mass", cart_mass),
            ("pole_mass", pole_mass),
            ("half_length", half_length),
            ("rail", rail),
            ("time_step", time_step),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::Setting { name, value: value.to_string(), expected: "a positive number" });
            }
        }
        if num_forces < 2 {
            let value = num_forces.to_string();
            return Err(Error::Setting { name: "num_forces", value, expected: "two at least" });
        }
        Ok(Self { state, constants, num_forces, steps: 0 })
    }

    /// Where the cart and the pole are.
    pub fn state(&self) -> State {
        self.state
    }

    /// The energy E = M ẋ² / 2 + m l ẋ θ̇ cos θ + (2/3) m l² θ̇² + m g l cos θ, which only forces and friction change.
    pub fn energy(&self) -> f64 {
        let Constants { gravity, cart_mass, pole_mass, half_length: l, .. } = self.constants;
        let State { velocity, angle, angular_velocity, .. } = self.state;
        0.5 * (cart_mass + pole_mass) * velocity * velocity
            + pole_mass * l * velocity * angular_velocity * angle.cos()
            + 2.0 / 3.0 * pole_mass * l * l * angular_velocity * angular_velocity
            + pole_mass * gravity * l * angle.cos()
    }

    /// The force of a move, between −1 and 1.
    pub fn force(&self, action: Action) -> f64 {
        2.0 * f64::from(action) / f64::from(self.num_forces - 1) - 1.0
    }

    /// Pushes with a force between −1 and 1 for a time step, and returns the reward; a stronger force is limited to that.
    ///
    /// # Panics
    /// If the force is not a number or the episode is over.
    pub fn step(&mut self, force: f64) -> f64 {
        assert!(!force.is_nan(), "the force is not a number");
        assert!(!self.is_over(), "the episode is over");
        let Constants { max_force, time_step: h, .. } = self.constants;
        let force = max_force * force.clamp(-1.0, 1.0);
        let start = self.state;
        let first = self.constants.derivative(start, force);
        let second = self.constants.derivative(start.moved(first, h / 2.0), force);
        let third = self.constants.derivative(start.moved(second, h / 2.0), force);
        let fourth = self.constants.derivative(start.moved(third, h), force);
        let mean = first.moved(second, 2.0).moved(third, 2.0).moved(fourth, 1.0);
        self.state = start.moved(mean, h / 6.0);
        self.steps += 1;
        if self.is_off() { 0.0 } else { f64::midpoint(1.0, self.state.angle.cos()) }
    }

    fn is_off(&self) -> bool {
        self.state.position.abs() > self.constants.rail
    }

    fn is_over(&self) -> bool {
        self.steps >= self.constants.num_steps || self.is_off()
    }
}

impl Constants {
    /// How the state changes under a force, in newtons.
    pub(crate) fn derivative(&self, state: State, force: f64) -> State {
        let Constants {
            gravity, cart_mass, pole_mass: m, half_length: l, cart_friction, pole_friction, ..
        } = *self;
        let mass = cart_mass + m;
        let (sin, cos) = state.angle.sin_cos();
        let omega = state.angular_velocity;
        let friction = if state.velocity == 0.0 { 0.0 } else { cart_friction * state.velocity.signum() };
        let push = (-force - m * l * omega * omega * sin + friction) / mass;
        let angular_acceleration = (gravity * sin + cos * push - pole_friction * omega / (m * l))
            / (l * (4.0 / 3.0 - m * cos * cos / mass));
        let acceleration =
            (force + m * l * (omega * omega * sin - angular_acceleration * cos) - friction) / mass;
        State {
            position: state.velocity,
            velocity: acceleration,
            angle: omega,
            angular_velocity: angular_acceleration,
        }
    }
}

impl State {
    /// One number for the state after so many steps.
    pub(crate) fn key(self, steps: u32) -> u64 {
        let Self { position, velocity, angle, angular_velocity } = self;
        let numbers = [position, velocity, angle, angular_velocity];
        numbers
            .iter()
            .fold(mix(1 + u64::from(steps)), |key, number| mix(key.rotate_left(1) ^ number.to_bits()))
    }

    /// The state and so much of a change.
    pub(crate) fn moved(self, change: Self, share: f64) -> Self {
        Self {
            position: self.position + share * change.position,
            velocity: self.velocity + share * change.velocity,
            angle: self.angle + share * change.angle,
            angular_velocity: self.angular_velocity + share * change.angular_velocity,
        }
    }
}

impl Game for CartPole {
    fn num_actions(&self) -> usize {
        self.num_forces as usize
    }

    fn turn(&self) -> Turn {
        if self.is_over() { Turn::Over } else { Turn::First }
    }

    fn legal_actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        if !self.is_over() {
            actions.extend(0..self.num_forces);
        }
    }

    fn is_legal(&self, action: Action) -> bool {
        action < self.num_forces && !self.is_over()
    }

    fn play(&mut self, action: Action) -> f32 {
        assert!(action < self.num_forces, "move {action} is not legal");
        self.step(self.force(action)) as f32
    }

    /// Of tasks with the same constants.
    fn key(&self) -> u64 {
        self.state.key(self.steps)
    }
}

impl Observe for CartPole {
    /// x as a share of the rail, ẋ, cos θ, sin θ, θ̇, and the share of the steps that is left.
    fn observation_shape(&self) -> [usize; 3] {
        [6, 1, 1]
    }

    fn observe(&self, planes: &mut [f32]) {
        let State { position, velocity, angle, angular_velocity } = self.state;
        let left = 1.0 - f64::from(self.steps) / f64::from(self.constants.num_steps);
        let values =
            [position / self.constants.rail, velocity, angle.cos(), angle.sin(), angular_velocity, left];
        assert_eq!(planes.len(), values.len(), "an observation has 6 numbers");
        for (plane, value) in planes.iter_mut().zip(values) {
            *plane = value as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_friction(time_step: f64) -> Constants {
        Constants {
            cart_friction: 0.0,
            pole_friction: 0.0,
            time_step,
            rail: 100.0,
            num_steps: u32::MAX,
            ..Constants::default()
        }
    }

    fn with(constants: Constants, angle: f64, velocity: f64) -> CartPole {
        let state = State { velocity, angle, ..State::default() };
        CartPole::with(constants, state, 3).expect("a task")
    }

    fn push(pole: &mut CartPole, steps: u32, force: f64) {
        for _ in 0..steps {
            pole.step(force);
        }
    }

    /// The state after a second, from an angle of one, in so many steps.
    fn after_a_second(steps: u32, force: f64) -> CartPole {
        let mut pole = with(without_friction(1.0 / f64::from(steps)), 1.0, 0.3);
        push(&mut pole, steps, force);
        pole
    }

    #[test]
    fn energy_is_kept_to_the_methods_order() {
        let start = with(without_friction(0.02), 1.0, 0.3).energy();
        let [coarse, fine] = [25, 50].map(|steps| (after_a_second(steps, 0.0).energy() - start).abs());
        assert!(coarse < 1e-4 && coarse > 14.0 * fine, "{coarse}, {fine}");
    }

    #[test]
    fn errors_shrink_by_the_methods_order() {
        let exact = after_a_second(4000, 0.4).state();
        let [coarse, fine] = [50, 100].map(|steps| {
            let State { position, angle, .. } = after_a_second(steps, 0.4).state();
            (position - exact.position).abs() + (angle - exact.angle).abs()
        });
        assert!((13.0..19.0).contains(&(coarse / fine)), "{coarse}, {fine}");
    }

    #[test]
    fn work_is_force_times_way() {
        let mut pole = with(without_friction(0.001), 1.0, 0.3);
        let (energy, position) = (pole.energy(), pole.state().position);
        push(&mut pole, 500, 0.3);
        let work = 3.0 * (pole.state().position - position);
        assert!((pole.energy() - energy - work).abs() < 1e-9);
    }

    #[test]
    fn friction_takes_energy_away() {
        let constants =
            Constants { cart_friction: 0.05, pole_friction: 0.01, rail: 100.0, ..Constants::default() };
        let mut pole = with(constants, 1.0, 0.5);
        for _ in 0..200 {
            let before = pole.energy();
            pole.step(0.0);
            assert!(pole.energy() < before);
        }
    }

    /// Near its rest the pole swings, and near the top it falls, with ω² = g / (l (4/3 − m / M)).
    #[test]
    fn small_angles_follow_the_linear_equation() {
        let omega = (9.8_f64 / (0.5 * (4.0 / 3.0 - 0.1 / 1.1))).sqrt();
        let time = 0.7;
        let run = |angle: f64| {
            let mut pole = with(without_friction(0.001), angle, 0.0);
            push(&mut pole, 700, 0.0);
            pole.state().angle
        };
        let small = 1e-5;
        let swung = (run(std::f64::consts::PI + small) - std::f64::consts::PI) / small;
        assert!((swung - (omega * time).cos()).abs() < 1e-6, "{swung}");
        let fallen = run(small) / small;
        assert!((fallen / (omega * time).cosh() - 1.0).abs() < 1e-6, "{fallen}");
    }

    /// `tests/reference/cart_pole.py`. Steps of 0.02 seconds err by some millionths; a tenth of them, by less than 10⁻⁹.
    #[test]
    fn a_pushed_pole_goes_where_another_program_says() {
        let expected = [1.878858255566385, 1.5184489389901348, 3.03125050252723, -3.8072773794955266];
        for (parts, tolerance) in [(1, 2e-5), (10, 2e-9)] {
            let constants =
                Constants { time_step: 0.02 / f64::from(parts), num_steps: 500, ..Constants::default() };
            let mut pole = with(constants, std::f64::consts::PI, 0.1);
            for (steps, force) in [(20, 1.0), (15, -1.0), (15, 0.25)] {
                push(&mut pole, steps * parts, force);
            }
            let State { position, velocity, angle, angular_velocity } = pole.state();
            for (ours, theirs) in [position, velocity, angle, angular_velocity].into_iter().zip(expected) {
                assert!((ours - theirs).abs() < tolerance, "{ours}, expected {theirs}");
            }
        }
    }

    #[test]
    fn an_episode_ends_beside_the_rail_or_after_its_steps() {
        let mut pole = CartPole::new(2).expect("a task");
        let mut rewards = Vec::new();
        while pole.turn() != Turn::Over {
            rewards.push(pole.play(1));
        }
        assert!(rewards.len() < 60 && pole.state().position > 2.4);
        assert_eq!(rewards.last(), Some(&0.0));
        let mut pole = CartPole::new(3).expect("a task");
        let rewards: Vec<f32> =
            std::iter::from_fn(|| (pole.turn() != Turn::Over).then(|| pole.play(1))).collect();
        assert_eq!(rewards.len(), 500);
        assert!(rewards.iter().all(|reward| *reward < 1e-6));
    }

    #[test]
    fn what_is_no_task_is_refused() {
        assert!(matches!(CartPole::new(1), Err(Error::Setting { name: "num_forces", .. })));
        let constants = Constants { pole_mass: 0.0, ..Constants::default() };
        let error = CartPole::with(constants, State::default(), 3).expect_err("no mass");
        assert_eq!(error.to_string(), "`pole_mass` is 0, expected a positive number");
    }
}
