//! A machine: its parts, its handlers, and everything put together.

use cam::schema::{ShapeId, Stamp};

use super::claim::Said;
use super::declare::Declaration;
use super::types::{Form, Partial};
use super::{Checker, Frame};
use crate::ast::{self, MemberKind};
use crate::problem::catalogue::{M101, M102, M103, M104, M105, M106, T108};
use crate::problem::{Problem, nearest};
use crate::source::Span;
use crate::typed::{Machine, Terms};

/// The members of a machine, by what they are.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub(super) input: Option<&'a ast::TypeBody>,
    pub(super) output: Option<&'a ast::TypeBody>,
    pub(super) state: Option<&'a ast::TypeBody>,
    pub(super) init: Option<&'a ast::Expr>,
    pub(super) step: Option<(&'a ast::Arrow, Span)>,
    pub(super) handlers: Vec<(&'a ast::Handler, Span)>,
    pub(super) migrations: Vec<(&'a ast::Migrate, Span)>,
    pub(super) backs: Vec<(&'a ast::MigrateBack, Span)>,
    pub(super) accepts: Vec<(&'a ast::Adapter, Span)>,
    pub(super) replies: Vec<(&'a ast::Adapter, Span)>,
    pub(super) claims: Vec<(Said<'a>, Span)>,
    pub(super) traces: Vec<(&'a ast::Trace, Span)>,
    /// Places of the members that may be there once, by their word.
    seen: Vec<(&'static str, Span)>,
    /// Whether a member could not be read at all.
    pub(super) has_errors: bool,
}

/// The types between which a machine steps.
#[derive(Clone)]
pub(super) struct Interface {
    pub(super) version: u32,
    pub(super) stamps: Vec<Stamp>,
    pub(super) input: Partial,
    pub(super) output: Partial,
    pub(super) state: Partial,
}

impl<'a> Checker<'a> {
    pub(super) fn module(&mut self, module: &'a ast::Module) -> Option<Machine> {
        let machine = self.only_machine(module);
        let parts = machine
            .map(|(machine, _)| self.parts(machine))
            .unwrap_or_default();
        self.declare_all(module, &parts);
        self.declare_functions(module);
        let bodies = self.check_functions();
        let checked = machine.map(|(machine, span)| self.machine(machine, span, &parts));
        self.judge_duties();
        let (order, places) = self.order_functions();
        let terms = self.finish_terms(&places)?;
        self.lint_functions();
        let functions = self.finish_functions(bodies, &order)?;
        let mut machine = checked??;
        machine.terms = terms;
        machine.functions = functions;
        machine.shapes = std::mem::take(&mut self.types.shapes);
        Some(machine)
    }

    fn only_machine(&mut self, module: &'a ast::Module) -> Option<(&'a ast::Machine, Span)> {
        let mut machines = module.items.iter().filter_map(|item| match &item.kind {
            ast::ItemKind::Machine(machine) => Some((machine, item.span)),
            _ => None,
        });
        let first = machines.next();
        for (other, _) in machines {
            let mut problem = Problem::new(
                M104,
                other.name.span,
                "a file holds one machine, this is another",
            )
            .helping("move it to a file of its own");
            if let Some((first, _)) = first {
                problem = problem.pointing_at(first.name.span, "the first is here");
            }
            self.report(problem);
        }
        if module
            .items
            .iter()
            .any(|item| matches!(item.kind, ast::ItemKind::Error))
        {
            self.spoil();
        } else if first.is_none() {
            let at = Span::new(module.span.end, module.span.end);
            let problem = Problem::new(M103, at, "this file holds no machine").helping(
                "add `machine Name version 1 { input …  output …  state …  init …  on … => … }`",
            );
            self.report(problem);
        }
        first
    }

    fn parts(&mut self, machine: &'a ast::Machine) -> Parts<'a> {
        let mut parts = Parts::default();
        for member in &machine.members {
            let span = member.span;
            match &member.kind {
                MemberKind::Input(body) => {
                    self.once(&mut parts, "input", span, |parts| parts.input = Some(body))
                }
                MemberKind::Output(body) => self.once(&mut parts, "output", span, |parts| {
                    parts.output = Some(body)
                }),
                MemberKind::State(body) => {
                    self.once(&mut parts, "state", span, |parts| parts.state = Some(body))
                }
                MemberKind::Init(value) => {
                    self.once(&mut parts, "init", span, |parts| parts.init = Some(value))
                }
                MemberKind::Step(arrow) => self.once(&mut parts, "step", span, |parts| {
                    parts.step = Some((arrow, span))
                }),
                MemberKind::On(handler) => parts.handlers.push((handler, span)),
                MemberKind::Migrate(migrate) => parts.migrations.push((migrate, span)),
                MemberKind::MigrateBack(back) => parts.backs.push((back, span)),
                MemberKind::Accept(adapter) => parts.accepts.push((adapter, span)),
                MemberKind::Reply(adapter) => parts.replies.push((adapter, span)),
                MemberKind::Invariant(claim) => parts.claims.push((Said::Invariant(claim), span)),
                MemberKind::Property(property) => {
                    parts.claims.push((Said::Property(property), span));
                }
                MemberKind::Witness(claim) => parts.claims.push((Said::Witness(claim), span)),
                MemberKind::Trace(trace) => parts.traces.push((trace, span)),
                MemberKind::Error => {
                    parts.has_errors = true;
                    self.spoil();
                }
            }
        }
        parts
    }

    fn once(
        &mut self,
        parts: &mut Parts<'a>,
        word: &'static str,
        span: Span,
        enter: impl FnOnce(&mut Parts<'a>),
    ) {
        match parts.seen.iter().find(|(seen, _)| *seen == word) {
            Some((_, first)) => {
                let problem = Problem::new(
                    M102,
                    span,
                    format!("a machine has one `{word}`, this is another"),
                )
                .pointing_at(*first, "the first is here")
                .helping("remove one");
                self.report(problem);
            }
            None => {
                parts.seen.push((word, span));
                enter(parts);
            }
        }
    }

    /// Types of the file and of the machine together: `fn` may use `State`, and `state` the types of the file.
    fn declare_all(&mut self, module: &'a ast::Module, parts: &Parts<'a>) {
        let mut declarations: Vec<Declaration<'a>> = Vec::new();
        for item in &module.items {
            if let ast::ItemKind::Type(item) = &item.kind {
                declarations.push(Declaration {
                    name: &item.name.text,
                    span: item.name.span,
                    body: &item.body,
                });
            }
        }
        for (name, body) in [
            ("Input", parts.input),
            ("Output", parts.output),
            ("State", parts.state),
        ] {
            let is_declared = declarations
                .iter()
                .any(|declaration| declaration.name == name);
            match body {
                Some(body @ ast::TypeBody::Variant(_)) => declarations.push(Declaration {
                    name,
                    span: body.span(),
                    body,
                }),
                Some(body @ ast::TypeBody::Type(kind)) if !is_declared && !is_named(kind, name) => {
                    declarations.push(Declaration {
                        name,
                        span: body.span(),
                        body,
                    });
                }
                _ => {}
            }
        }
        self.declare_types(&declarations);
    }

    fn machine(
        &mut self,
        machine: &'a ast::Machine,
        span: Span,
        parts: &Parts<'a>,
    ) -> Option<Machine> {
        self.state_body = parts.state;
        self.check_parts(machine, parts);
        let input = self.member_type("Input", parts.input);
        let output = self.member_type("Output", parts.output);
        let state = self.member_type("State", parts.state);
        let stamps = self.stamps(&machine.context, state);
        let version = machine.version.number;
        let interface = Interface {
            version,
            stamps,
            input,
            output,
            state,
        };
        let init = parts
            .init
            .map(|init| self.within(Frame::default(), |checker| checker.check(init, state)));
        let step = self.step(machine, parts, &interface);
        let migrations = self.migrations(parts, &interface);
        let backs = self.backs(parts, &interface);
        let (accepts, replies) = self.adapters(parts, &interface);
        let claims = self.claims(parts, &interface);
        let traces = self.traces(parts, &interface);
        self.judge_reach(parts);
        self.check_machine_name(&machine.name, span);
        if version == 0 {
            self.report_no_version(&machine.version);
        }
        Some(Machine {
            name: machine.name.text.as_str().into(),
            version,
            stamps: interface.stamps,
            shapes: cam::schema::Shapes::default(),
            state: self.types.shape(state)?,
            input: self.types.shape(input)?,
            output: self.types.shape(output)?,
            terms: Terms::default(),
            functions: Vec::new(),
            init: init?,
            step: step?,
            migrations,
            backs,
            accepts,
            replies,
            claims,
            traces,
        })
    }

    fn check_parts(&mut self, machine: &ast::Machine, parts: &Parts<'a>) {
        if parts.has_errors {
            return; // what could not be read may be what is missing
        }
        let has_handlers = parts.step.is_some() || !parts.handlers.is_empty();
        let table = [
            (parts.input.is_some(), "input", "input  Incr | Read"),
            (parts.output.is_some(), "output", "output Ok | Sum(Int)"),
            (parts.state.is_some(), "state", "state  { count: Int }"),
            (parts.init.is_some(), "init", "init   { count: 0 }"),
            (has_handlers, "on", "on Read => Sum(count)"),
        ];
        let missing: Vec<_> = table.iter().filter(|(is_there, ..)| !is_there).collect();
        if !missing.is_empty() {
            let words: Vec<&str> = missing.iter().map(|(_, word, _)| *word).collect();
            let title = format!(
                "the machine `{}` has no `{}`",
                machine.name.text,
                words.join("`, no `")
            );
            let problem = Problem::new(M101, machine.name.span, title);
            self.report(missing.iter().fold(problem, |problem, (_, _, example)| {
                problem.helping(format!("add a line like `{example}`"))
            }));
        }
        if let (Some((_, step)), Some((on, _))) = (parts.step, parts.handlers.first()) {
            let problem = Problem::new(
                M105,
                step,
                "`step` is the whole machine, but there are `on` clauses too",
            )
            .pointing_at(on.input.span, "the first is here")
            .helping("keep one of the two");
            self.report(problem);
        }
    }

    fn check_machine_name(&mut self, name: &ast::Name, span: Span) {
        if name.text.is_empty() {
            self.spoil();
        }
        let at = if name.text.is_empty() {
            span
        } else {
            name.span
        };
        self.check_name(&name.text, at);
    }

    fn member_type(&mut self, name: &str, body: Option<&ast::TypeBody>) -> Partial {
        let shape: Option<ShapeId> = match body {
            Some(ast::TypeBody::Type(kind)) if is_named(kind, name) => self.resolve(kind),
            Some(ast::TypeBody::Type(kind)) if self.declaration_of(name) != Some(kind.span) => {
                self.resolve(kind)
            }
            Some(_) => self.names.shape_named(name),
            None => None,
        };
        match shape {
            Some(shape) => self.types.closed(shape),
            None => {
                self.spoil();
                self.types.unknown()
            }
        }
    }

    fn stamps(&mut self, context: &[ast::Name], state: Partial) -> Vec<Stamp> {
        let mut stamps = Vec::new();
        for name in context.iter().filter(|name| !name.text.is_empty()) {
            match Stamp::ALL
                .into_iter()
                .find(|stamp| stamp.word() == name.text)
            {
                Some(stamp) if stamps.contains(&stamp) => {
                    let title = format!("`{}` is asked for twice", name.text);
                    self.report(Problem::new(T108, name.span, title).helping("remove one"));
                }
                Some(stamp) => stamps.push(stamp),
                None => self.report_unknown_stamp(name),
            }
        }
        stamps.sort();
        if let Form::Record(fields) = self.types.form(state) {
            for stamp in &stamps {
                if fields.iter().any(|(name, _)| **name == *stamp.word()) {
                    let at = self.state_field(stamp.word());
                    let name = context.iter().find(|name| name.text == stamp.word());
                    let at = at.or(name.map(|name| name.span)).unwrap_or_default();
                    self.report_hidden_field(stamp.word(), at);
                }
            }
        }
        stamps
    }

    fn report_unknown_stamp(&mut self, name: &ast::Name) {
        let words = Stamp::ALL.map(Stamp::word);
        let title = format!("a node cannot stamp inputs with `{}`", name.text);
        let problem = Problem::new(M106, name.span, title).noting(
            "`at` is the time in milliseconds, `from` the sender, `seq` the number of the step",
        );
        self.report(match nearest(&name.text, words) {
            Some(near) => problem.helping(format!("did you mean `{near}`?")),
            None => problem.helping("what else is needed must be part of the input"),
        });
    }

    /// Where a field of the state is declared, with its type.
    pub(super) fn state_field(&self, name: &str) -> Option<Span> {
        let ast::TypeBody::Type(ast::Type {
            kind: ast::TypeKind::Record(fields),
            ..
        }) = self.state_body?
        else {
            return None;
        };
        fields
            .iter()
            .find(|field| field.name.text == name)
            .map(|field| field.span)
    }
}

fn is_named(kind: &ast::Type, wanted: &str) -> bool {
    matches!(&kind.kind, ast::TypeKind::Name { name, .. } if name.text == wanted)
}
