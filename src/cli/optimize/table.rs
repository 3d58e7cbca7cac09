//! A function that is given as a table: a stored series, a measured curve.

use std::path::Path;

use anyhow::{Context, Result};

use crate::cli::exit::WrongUse;

/// Points in the order of x, two at least; straight lines between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    points: Vec<(f64, f64)>,
}

impl Table {
    /// Reads a file with one point a line: x and value, or the value alone, which counts the lines from 0. Commas, semicolons,
    /// tabs and spaces separate. A first line without numbers is a heading.
    pub fn open(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the table `{}` cannot be read", path.display()))?;
        Self::parse(&text).map_err(|reason| WrongUse(format!("`{}`: {reason}", path.display())).into())
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (mut points, mut width) = (Vec::new(), None);
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let fields: Vec<&str> = if line.contains([',', ';', '\t']) {
                line.split([',', ';', '\t']).map(str::trim).collect()
            } else {
                line.split_whitespace().collect()
            };
            if fields.contains(&"") {
                return Err(format!("line {} has an empty cell: `{line}`", number + 1));
            }
            let numbers: Option<Vec<f64>> = fields.into_iter().map(|field| field.parse().ok()).collect();
            if let Some(numbers) = &numbers {
                let width = *width.get_or_insert(numbers.len());
                if numbers.len() != width {
                    let found = numbers.len();
                    return Err(format!("line {} has {found} numbers, those before it {width}", number + 1));
                }
            }
            match numbers.as_deref() {
                Some([value]) => points.push((points.len() as f64, *value)),
                Some([x, value]) => points.push((*x, *value)),
                Some(others) => {
                    let found = others.len();
                    return Err(format!(
                        "line {} has {found} numbers, expected x and value, or a value",
                        number + 1
                    ));
                }
                None if points.is_empty() && number == 0 => {}
                None => return Err(format!("line {} has something that is no number: `{line}`", number + 1)),
            }
        }
        if let Some((x, value)) = points.iter().find(|(x, value)| !(x.is_finite() && value.is_finite())) {
            return Err(format!("the point {x}, {value} is no pair of finite numbers"));
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let Some(pair) = points.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(format!("there are two values at {}", pair[0].0));
        }
        if points.len() < 2 {
            return Err(format!("it has {} points, a function needs two", points.len()));
        }
        Ok(Self { points })
    }

    /// The least and the largest x.
    pub fn ends(&self) -> [f64; 2] {
        [self.points[0].0, self.points[self.points.len() - 1].0]
    }

    /// The value at x, or that of the nearer end outside.
    pub fn at(&self, x: f64) -> f64 {
        let after = self.points.partition_point(|point| point.0 < x);
        if after == 0 {
            return self.points[0].1;
        }
        let (a, fa) = self.points[after - 1];
        match self.points.get(after) {
            Some(&(b, fb)) => fa + (fb - fa) * ((x - a) / (b - a)),
            None => fa,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn lines_are_points_and_straight_lines_join_them() {
        let table = Table::parse("x,value\n0,1\n2,5\n1;3\n").unwrap();
        assert_eq!((table.ends(), table.at(0.5), table.at(2.0), table.at(9.0)), ([0.0, 2.0], 2.0, 5.0, 5.0));
        let series = Table::parse("4\n2\n\n8\n").unwrap();
        assert_eq!((series.ends(), series.at(0.5), series.at(2.0)), ([0.0, 2.0], 3.0, 8.0));
    }

    #[test]
    fn what_is_no_function_is_told() {
        for (text, told) in [
            ("", "0 points"),
            ("1,2", "1 points"),
            ("0,1\n0,2", "two values at 0"),
            ("0,1\n1,2,3", "line 2 has 3 numbers"),
            ("0,10\n1,\n2,12", "line 2 has an empty cell"),
            ("0,1\n7\n2,5", "line 2 has 1 numbers"),
            ("1,2,3\n4,5,6", "line 1 has 3 numbers"),
            ("0,1\n1,nan", "finite"),
            ("0,1\nzwei,2", "line 2 has something"),
        ] {
            let error = Table::parse(text).expect_err(text);
            assert!(error.contains(told), "{error}");
        }
    }
}
