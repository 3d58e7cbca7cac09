//! The report as one self-contained page: no scripts, no fonts, nothing from elsewhere.

use std::fmt::Write as _;

use super::{JobSummary, PaperReport, Report};
use crate::figure::escape;
use crate::progress::duration;
use crate::reproduction::claim::{Criterion, Findings, Verdict};
use crate::run::Environment;
use crate::table::{Table, utc};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let mut body = String::new();
    summary(&mut body, report);
    for paper in &report.papers {
        section(&mut body, report, paper);
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Reproduction report, scale {scale}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         {body}<footer>Made by autodidact {version}. The same content for programs: <code>report.json</code>, \
         layout version {layout}.</footer>\n</main>\n</body>\n</html>\n",
        scale = report.plan.scale,
        version = escape(&report.autodidact),
        layout = report.version,
    )
}

fn summary(html: &mut String, report: &Report) {
    let done: usize = report.papers.iter().map(|paper| paper.jobs.len()).sum();
    let all: usize = done + report.papers.iter().map(|paper| paper.missing.len()).sum::<usize>();
    let seconds: f64 = report.papers.iter().flat_map(|paper| &paper.jobs).map(|job| job.seconds).sum();
    let _ = write!(
        html,
        "<h1>Reproduction report</h1>\n<p class=\"lead\">Each paper’s central claim, tested at scale \
         <em>{}</em> by a rule that was written down before the run. {done} of {all} jobs done, {} of computing.</p>\n",
        report.plan.scale,
        duration(seconds)
    );
    html.push_str(
        "<section class=\"summary\">\n<h2>Verdicts</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>paper</th>\
         <th>claim</th><th>verdict</th></tr></thead>\n<tbody>\n",
    );
    for paper in &report.papers {
        let _ = writeln!(
            html,
            "<tr><td class=\"nowrap\"><a href=\"#{id}\">{id}</a></td><td>{}</td><td>{}</td></tr>",
            text(&paper.claim),
            badge(paper.findings.verdict),
            id = escape(&paper.paper),
        );
    }
    let _ = write!(
        html,
        "</tbody>\n</table></div>\n<h3>To run it again</h3>\n<pre><code>{}</code></pre>\n</section>\n",
        escape(&report.command)
    );
}

fn section(html: &mut String, report: &Report, paper: &PaperReport) {
    let findings = &paper.findings;
    let _ = write!(
        html,
        "<section id=\"{}\">\n<h2>{}</h2>\n<p class=\"muted\">{}</p>\n<p class=\"claim\">{}</p>\n\
         <div class=\"verdict\">{}</div>\n",
        escape(&paper.paper),
        escape(&paper.title),
        escape(&paper.citation),
        text(&paper.claim),
        badge(findings.verdict)
    );
    reasons(html, findings);
    let _ = write!(html, "<h3>Decision rule, written before the run</h3>\n<p>{}</p>\n", text(&paper.rule));
    criteria(html, &findings.criteria);
    if !findings.figures.is_empty() || !findings.tables.is_empty() {
        html.push_str("<h3>Results</h3>\n");
    }
    for table in &findings.tables {
        draw_table(html, table);
    }
    for item in &findings.figures {
        let _ = write!(
            html,
            "<figure>\n{}<figcaption>{}</figcaption>\n</figure>\n",
            item.figure.svg(),
            text(&item.caption)
        );
    }
    if !findings.notes.is_empty() {
        html.push_str("<h3>Notes</h3>\n");
        list(html, &findings.notes);
    }
    circumstances(html, report, paper);
    html.push_str("</section>\n");
}

fn reasons(html: &mut String, findings: &Findings) {
    if findings.verdict == Verdict::Incomplete {
        html.push_str("<p style=\"margin-top:1rem\">Not judged, because results are missing:</p>\n");
        list(html, &findings.reasons);
    } else if let [reason] = findings.reasons.as_slice() {
        let _ = writeln!(html, "<p style=\"margin-top:1rem\">{}</p>", text(reason));
    } else if !findings.reasons.is_empty() {
        html.push_str("<div style=\"margin-top:1rem\">");
        list(html, &findings.reasons);
        html.push_str("</div>\n");
    }
}

fn criteria(html: &mut String, criteria: &[Criterion]) {
    if criteria.is_empty() {
        return;
    }
    html.push_str("<ul class=\"criteria\">\n");
    for criterion in criteria {
        let (class, word) = match criterion.met {
            Some(true) => ("met", "✓ met"),
            Some(false) => ("notmet", "✗ not met"),
            None => ("notsaid", "? open"),
        };
        let _ = writeln!(
            html,
            "<li><span class=\"{class}\">{word}</span><span>{}</span><span class=\"measured\">{}</span></li>",
            text(&criterion.text),
            text(&criterion.measured)
        );
    }
    html.push_str("</ul>\n");
}

/// Where and how the jobs ran.
fn circumstances(html: &mut String, report: &Report, paper: &PaperReport) {
    html.push_str("<h3>How it was run</h3>\n<dl>\n");
    let mut row = |name: &str, value: String| {
        let _ = writeln!(html, "<dt>{name}</dt><dd>{value}</dd>");
    };
    row("data", text(&paper.data));
    row("device", escape(&report.plan.device));
    for machine in distinct(&paper.jobs, Environment::machine) {
        row("machine", escape(&machine));
    }
    for version in distinct(&paper.jobs, version) {
        row("autodidact", escape(&version));
    }
    let started = paper.jobs.iter().map(|job| job.environment.started);
    if let (Some(first), Some(last)) = (started.clone().min(), started.max()) {
        let span = if first == last { utc(first) } else { format!("{} to {}", utc(first), utc(last)) };
        row("jobs started", span);
    }
    let seconds: f64 = paper.jobs.iter().map(|job| job.seconds).sum();
    row("computing", format!("{} in {} jobs", duration(seconds), paper.jobs.len()));
    html.push_str("</dl>\n");
    if !paper.jobs.is_empty() {
        jobs(html, &paper.jobs);
    }
}

fn jobs(html: &mut String, jobs: &[JobSummary]) {
    let _ = write!(
        html,
        "<details><summary>{} jobs with their commands</summary>\n<div class=\"scroll\"><table>\n<thead><tr>\
         <th>job</th><th class=\"number\">seconds</th><th>command</th></tr></thead>\n<tbody>\n",
        jobs.len()
    );
    for job in jobs {
        let _ = writeln!(
            html,
            "<tr><td><code>{}</code></td><td class=\"number\">{:.1}</td><td><code>{}</code></td></tr>",
            escape(&job.id),
            job.seconds,
            escape(&job.command)
        );
    }
    html.push_str("</tbody>\n</table></div></details>\n");
}

fn draw_table(html: &mut String, table: &Table) {
    // A column of numbers is set flush right, so that places stand below each other. A dash is a number that is not there.
    let is_number: Vec<bool> = (0..table.columns.len())
        .map(|column| {
            let mut cells =
                table.rows.iter().map(|row| row[column].as_str()).filter(|cell| *cell != "–").peekable();
            cells.peek().is_some() && cells.all(is_number_with_interval)
        })
        .collect();
    let class = |column: usize| if is_number[column] { " class=\"number\"" } else { "" };
    html.push_str("<div class=\"scroll\"><table>\n");
    if !table.caption.is_empty() {
        let _ = writeln!(html, "<caption>{}</caption>", text(&table.caption));
    }
    html.push_str("<thead><tr>");
    for (column, name) in table.columns.iter().enumerate() {
        let _ = write!(html, "<th{}>{}</th>", class(column), text(name));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        html.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(html, "<td{}>{}</td>", class(column), text(cell));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table></div>\n");
}

/// `0.8`, `0.80 [0.77, 0.83]`, `1e-7`; not `72.5 (300 epochs)`, which has to wrap.
fn is_number_with_interval(cell: &str) -> bool {
    cell.starts_with(|c: char| c.is_ascii_digit() || "−-+".contains(c))
        && cell.chars().all(|c| !c.is_alphabetic() || c == 'e')
}

fn list(html: &mut String, items: &[String]) {
    html.push_str("<ul class=\"plain\">\n");
    for item in items {
        let _ = writeln!(html, "<li>{}</li>", text(item));
    }
    html.push_str("</ul>\n");
}

fn badge(verdict: Verdict) -> String {
    let (class, sign) = match verdict {
        Verdict::Supported => ("supported", "✓"),
        Verdict::Refuted => ("refuted", "✗"),
        Verdict::Inconclusive => ("inconclusive", "?"),
        Verdict::Incomplete => ("incomplete", "…"),
    };
    format!("<span class=\"badge {class}\">{sign} {verdict}</span>")
}

/// Escaped text in which `backticks` set code.
fn text(source: &str) -> String {
    let mut html = String::new();
    let parts: Vec<&str> = source.split('`').collect();
    for (index, part) in parts.iter().enumerate() {
        let is_code = index % 2 == 1;
        match (is_code, index + 1 == parts.len()) {
            (true, false) => {
                let _ = write!(html, "<code>{}</code>", escape(part));
            }
            // A lone backtick stays one.
            (true, true) => {
                let _ = write!(html, "`{}", escape(part));
            }
            (false, _) => html.push_str(&escape(part)),
        }
    }
    html
}

fn version(environment: &Environment) -> String {
    let Environment { version, commit, rustc, profile, .. } = environment;
    let commit = commit.as_ref().map_or_else(String::new, |commit| format!(", commit {commit}"));
    format!("{version}{commit}, {profile} build, {rustc}")
}

/// The different values among the jobs, in the order they first appear.
fn distinct(jobs: &[JobSummary], describe: impl Fn(&Environment) -> String) -> Vec<String> {
    let mut values = Vec::new();
    for job in jobs {
        let value = describe(&job.environment);
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_with_a_dash_is_still_one_of_numbers() {
        let mut table = Table::new(["arm", "spread", "note"]);
        table.push(vec!["BYOL".to_owned(), "0.80 [0.77, 0.83]".to_owned(), "–".to_owned()]);
        table.push(vec!["random".to_owned(), "–".to_owned(), "–".to_owned()]);
        let mut html = String::new();
        draw_table(&mut html, &table);
        assert!(html.contains("<td class=\"number\">0.80 [0.77, 0.83]</td>"), "{html}");
        assert!(html.contains("<td class=\"number\">–</td>") && html.contains("<td>BYOL</td>"), "{html}");
        assert!(html.contains("<th>note</th>"), "dashes alone are no numbers: {html}");
        assert!(is_number_with_interval("1.5e-7") && !is_number_with_interval("72.5 (300 epochs)"));
    }
}
