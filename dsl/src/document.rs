//! The manual of a machine, made from its source: what it takes, answers and keeps, with what `///` says of each.

mod html;

use std::fmt::Write;

use crate::ast::{
    Adapter, ConstructorItem, Function, FunctionBody, Item, ItemKind, Machine, Member, MemberKind,
    MigrateBody, Module, TypeBody,
};
use crate::graph::one_line;
use crate::parse;
use crate::source::{Source, Span};

/// The manual in Markdown. The source must be one that compiles.
#[must_use]
pub fn markdown(source: &Source) -> String {
    let (module, _) = parse::module(source);
    let mut manual = Manual {
        source,
        text: String::new(),
    };
    manual.module(&module);
    manual.text
}

/// The manual as one page of HTML. The source must be one that compiles.
#[must_use]
pub fn html(source: &Source) -> String {
    let markdown = markdown(source);
    let title = markdown.lines().next().unwrap_or_default();
    html::page(title.trim_start_matches("# "), &markdown)
}

struct Manual<'a> {
    source: &'a Source,
    text: String,
}

impl Manual<'_> {
    fn module(&mut self, module: &Module) {
        let machine = module.items.iter().find_map(|item| match &item.kind {
            ItemKind::Machine(machine) => Some((item, machine)),
            _ => None,
        });
        if let Some((item, machine)) = machine {
            // A file that begins with its constants says there what the machine is for.
            let first = module
                .items
                .first()
                .and_then(|first| first.documentation.as_ref());
            self.machine(machine, item.documentation.as_ref().or(first));
        }
        let of = |wanted: fn(&ItemKind) -> bool| {
            let items = module.items.iter();
            items
                .filter(move |item| wanted(&item.kind))
                .collect::<Vec<_>>()
        };
        self.items("Types", &of(|kind| matches!(kind, ItemKind::Type(_))));
        self.items("Constants", &of(|kind| matches!(kind, ItemKind::Const(_))));
        self.items(
            "Functions",
            &of(|kind| matches!(kind, ItemKind::Function(_))),
        );
    }

    fn heading(&mut self, level: usize, title: &str) {
        let marks = "#".repeat(level);
        let blank = if self.text.is_empty() { "" } else { "\n" };
        let _ = writeln!(self.text, "{blank}{marks} {title}");
    }

    fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.text, "\n{}", text.trim_end());
    }

    fn machine(&mut self, machine: &Machine, documentation: Option<&String>) {
        let title = format!("{} version {}", machine.name.text, machine.version.number);
        self.heading(1, &title);
        if let Some(text) = documentation {
            self.paragraph(text);
        }
        if !machine.context.is_empty() {
            let stamps = machine
                .context
                .iter()
                .map(|name| format!("`{}`", name.text));
            let stamps: Vec<_> = stamps.collect();
            self.paragraph(&format!(
                "The node stamps each input with {}.",
                stamps.join(", ")
            ));
        }
        for (title, wanted) in [
            ("Inputs", "input"),
            ("Outputs", "output"),
            ("State", "state"),
        ] {
            for member in &machine.members {
                match &member.kind {
                    MemberKind::Input(body) if wanted == "input" => {
                        self.interface(title, body, Some(machine));
                    }
                    MemberKind::Output(body) if wanted == "output" => {
                        self.interface(title, body, None)
                    }
                    MemberKind::State(body) if wanted == "state" => {
                        self.interface(title, body, None)
                    }
                    _ => {}
                }
            }
        }
        self.claims(machine);
        self.upgrades(machine);
        self.traces(machine);
    }

    /// The constructors of a type one by one, or the type itself.
    fn interface(&mut self, title: &str, body: &TypeBody, machine: Option<&Machine>) {
        self.heading(2, title);
        let TypeBody::Variant(variant) = body else {
            self.paragraph(&format!("`{}`", one_line(self.source, body.span())));
            return;
        };
        self.text.push('\n');
        for constructor in &variant.constructors {
            let shown = one_line(self.source, constructor.span);
            let mut said = self.above(constructor.span);
            if let Some(machine) = machine {
                said.extend(self.of_handlers(machine, constructor));
            }
            let said = said.join(" ");
            let dash = if said.is_empty() { "" } else { ": " };
            let _ = writeln!(self.text, "* `{shown}`{dash}{said}");
        }
    }

    /// What `///` above the clauses of an input says.
    fn of_handlers(&self, machine: &Machine, input: &ConstructorItem) -> Vec<String> {
        let clauses = machine.members.iter().filter(|member| {
            let MemberKind::On(handler) = &member.kind else {
                return false;
            };
            let taken = one_line(self.source, handler.input.span);
            let name = taken
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next();
            name == Some(&input.name.text)
        });
        clauses.flat_map(|member| self.above(member.span)).collect()
    }

    /// The `///` lines directly above a place that begins its line. What comes later in a line is not what they are about.
    fn above(&self, span: Span) -> Vec<String> {
        let before = self.source.slice(Span::new(0, span.start));
        let line = before.rsplit('\n').next().unwrap_or_default();
        let is_word = |word: &str| ["|", "input", "output", "state"].contains(&word);
        if !line.split_whitespace().all(is_word) {
            return Vec::new();
        }
        let lines = before
            .lines()
            .rev()
            .skip(usize::from(!before.ends_with('\n')));
        let comments = lines.map_while(|line| line.trim().strip_prefix("///"));
        let mut said: Vec<String> = comments.map(|line| line.trim().to_owned()).collect();
        said.reverse();
        said
    }

    fn claims(&mut self, machine: &Machine) {
        let claim = |member: &&Member| {
            matches!(
                member.kind,
                MemberKind::Invariant(_) | MemberKind::Property(_) | MemberKind::Witness(_)
            )
        };
        let claims: Vec<&Member> = machine.members.iter().filter(claim).collect();
        if claims.is_empty() {
            return;
        }
        self.heading(2, "What is claimed");
        self.text.push('\n');
        for member in claims {
            let shown = one_line(self.source, member.span);
            let said = self.above(member.span).join(" ");
            let dash = if said.is_empty() { "" } else { ": " };
            let _ = writeln!(self.text, "* `{shown}`{dash}{said}");
        }
    }

    fn upgrades(&mut self, machine: &Machine) {
        let mut lines = Vec::new();
        for member in &machine.members {
            match &member.kind {
                MemberKind::Migrate(migrate) => {
                    let how = match &migrate.body {
                        MigrateBody::Unchanged(_) => "the state stays as it is",
                        MigrateBody::By { .. } => "the state is rewritten",
                        MigrateBody::Auto { .. } => "the state is carried over by name",
                    };
                    lines.push(format!("from version {}: {how}", migrate.from.number));
                }
                MemberKind::MigrateBack(back) => {
                    let loss = if back.is_lossy { ", with a loss" } else { "" };
                    lines.push(format!(
                        "there is a way back to version {}{loss}",
                        back.to.number
                    ));
                }
                MemberKind::Accept(adapter) => lines.push(served(adapter, "are understood")),
                MemberKind::Reply(adapter) => lines.push(served(adapter, "are answered")),
                _ => {}
            }
        }
        if lines.is_empty() {
            return;
        }
        self.heading(2, "Upgrades");
        self.text.push('\n');
        for line in lines {
            let _ = writeln!(self.text, "* {line}");
        }
    }

    fn traces(&mut self, machine: &Machine) {
        let mut is_first = true;
        for member in &machine.members {
            let MemberKind::Trace(trace) = &member.kind else {
                continue;
            };
            if std::mem::take(&mut is_first) {
                self.heading(2, "Sessions");
            }
            self.heading(3, &trace.title.value);
            let lines = trace
                .lines
                .iter()
                .map(|line| one_line(self.source, line.span));
            let lines: Vec<_> = lines.collect();
            self.paragraph(&format!("```text\n{}\n```", lines.join("\n")));
        }
    }

    fn items(&mut self, title: &str, items: &[&Item]) {
        if items.is_empty() {
            return;
        }
        self.heading(2, title);
        for item in items {
            let (name, shown) = match &item.kind {
                ItemKind::Type(of) => (&of.name, one_line(self.source, item.span)),
                ItemKind::Const(of) => (&of.name, one_line(self.source, item.span)),
                ItemKind::Function(of) => (&of.name, self.signature(of, item.span)),
                ItemKind::Machine(_) | ItemKind::Error => continue,
            };
            self.heading(3, &format!("`{}`", name.text));
            self.paragraph(&format!("```text\n{shown}\n```"));
            // What stands above the first item is said of the machine already.
            let documentation = item.documentation.as_ref();
            if let Some(text) = documentation.filter(|text| !self.text.contains(text.trim_end())) {
                self.paragraph(text);
            }
            self.constructors(item);
        }
    }

    /// The constructors of a type that say something about themselves.
    fn constructors(&mut self, item: &Item) {
        let ItemKind::Type(of) = &item.kind else {
            return;
        };
        let TypeBody::Variant(variant) = &of.body else {
            return;
        };
        for constructor in &variant.constructors {
            let said = self.above(constructor.span).join(" ");
            let is_item = constructor.span.start <= item.span.start;
            if !said.is_empty() && !is_item {
                let _ = writeln!(self.text, "\n* `{}`: {said}", constructor.name.text);
            }
        }
    }

    /// A function without what it computes.
    fn signature(&self, function: &Function, span: Span) -> String {
        let end = match &function.body {
            FunctionBody::Pointful { result, .. } => result.span.end,
            FunctionBody::PointFree { to, .. } => to.span.end,
        };
        one_line(self.source, Span::new(span.start, end))
    }
}

fn served(adapter: &Adapter, what: &str) -> String {
    let version = adapter.version.number;
    let adapted = match adapter.arms.len() {
        0 => String::new(),
        1 => ", one of them otherwise than it is written".to_owned(),
        more => format!(", {more} of them otherwise than they are written"),
    };
    format!("clients of version {version} {what}{adapted}")
}
