//! A page for each code: what is wrong, what to do, and a source that has the mistake beside one without.
//!
//! The pages are text in `pages/`, one file for each letter. A test holds every example to its code.

use super::Code;

/// What there is to say about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Why it is a mistake, and what to do.
    pub about: &'static str,
    /// A source with the mistake, where one fits on a page.
    pub wrong: Option<&'static str>,
    /// The same source without it.
    pub right: Option<&'static str>,
}

const FILES: [&str; 7] = [
    include_str!("pages/C.md"),
    include_str!("pages/M.md"),
    include_str!("pages/P.md"),
    include_str!("pages/R.md"),
    include_str!("pages/T.md"),
    include_str!("pages/U.md"),
    include_str!("pages/V.md"),
];

/// The page of a code.
pub fn page(code: Code) -> Option<Page> {
    let mut sections = FILES.iter().flat_map(|file| file.split("\n## ").skip(1));
    let body = sections.find_map(|section| section.strip_prefix(code.name))?;
    let about = body.split("\n```").next().unwrap_or(body);
    Some(Page {
        about: about.trim(),
        wrong: example(body, "\n```wrong\n"),
        right: example(body, "\n```right\n"),
    })
}

fn example(body: &'static str, opening: &str) -> Option<&'static str> {
    let (_, rest) = body.split_once(opening)?;
    let (example, _) = rest.split_once("\n```").unwrap_or((rest, ""));
    Some(example)
}
