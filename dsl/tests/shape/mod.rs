//! A tree as text with all its parentheses: chains of arrows in brackets, operators in parentheses.

use dsl::ast::{
    Argument, Arm, Arrow, ArrowKind, ConstructorName, ExpectedKind, Expr, ExprKind, ExprPayload,
    HandlerBody, Lambda, MemberKind, Migrate, MigrateBody, PathStep, PathStepKind, Pattern,
    PatternKind, PatternPayload, Record, RecordPattern, Statement, StatementKind, TraceLineKind,
    TypeBody,
};

fn list<T>(items: &[T], shape: impl Fn(&T) -> String) -> String {
    items.iter().map(shape).collect::<Vec<_>>().join(", ")
}

pub(crate) fn shape(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Text(value) => format!("{value:?}"),
        ExprKind::Bytes(value) => format!("x{value:02x?}"),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Name(name) => name.text.clone(),
        ExprKind::Call {
            function,
            arguments,
        } => format!("{}({})", function.text, list(arguments, argument)),
        ExprKind::Constructor {
            constructor: name,
            payload,
        } => {
            constructor(name)
                + &match payload {
                    ExprPayload::None => String::new(),
                    ExprPayload::Tuple(values) => format!("({})", list(values, shape)),
                    ExprPayload::Record(fields) => format!(" {}", record(fields)),
                }
        }
        ExprKind::Tuple(values) => format!("({})", list(values, shape)),
        ExprKind::List(values) => format!("[{}]", list(values, shape)),
        ExprKind::Map(entries) => format!(
            "Map[{}]",
            list(entries, |e| format!(
                "{}: {}",
                shape(&e.key),
                shape(&e.value)
            ))
        ),
        ExprKind::Set(values) => format!("Set[{}]", list(values, shape)),
        ExprKind::Record(fields) => record(fields),
        ExprKind::Block(block) => {
            let statements: String = block
                .statements
                .iter()
                .map(|s| statement(s) + "; ")
                .collect();
            format!("{{ {statements}{} }}", shape(&block.result))
        }
        ExprKind::If {
            condition,
            then,
            otherwise,
        } => {
            format!(
                "if {} {} else {}",
                shape(condition),
                shape(then),
                shape(otherwise)
            )
        }
        ExprKind::Match { subject, arms } => format!("match {} {}", shape(subject), all_arms(arms)),
        ExprKind::Field { record, field } => format!("{}.{}", shape(record), field.text),
        ExprKind::Index { collection, key } => format!("{}[{}]", shape(collection), shape(key)),
        ExprKind::Negate(value) => format!("(- {})", shape(value)),
        ExprKind::Not(value) => format!("(not {})", shape(value)),
        ExprKind::Binary {
            operator,
            left,
            right,
            ..
        } => format!("({} {} {})", shape(left), operator.symbol(), shape(right)),
        ExprKind::Is { value, pattern: is } => format!("({} is {})", shape(value), pattern(is)),
        ExprKind::Pipe { value, function } => format!("({} |> {})", shape(value), shape(function)),
        ExprKind::Refuse => "REFUSE".to_string(),
        ExprKind::Error => "ERROR".to_string(),
    }
}

fn constructor(name: &ConstructorName) -> String {
    name.of
        .as_ref()
        .map(|of| format!("{}.", of.text))
        .unwrap_or_default()
        + &name.name.text
}

fn record(record: &Record) -> String {
    let spread = record
        .spread
        .iter()
        .map(|spread| format!("..{}", shape(spread)));
    let fields = record
        .fields
        .iter()
        .map(|field| format!("{}: {}", field.name.text, shape(&field.value)));
    format!(
        "{{ {} }}",
        spread.chain(fields).collect::<Vec<_>>().join(", ")
    )
}

fn all_arms(arms: &[Arm]) -> String {
    let guard = |arm: &Arm| {
        arm.guard
            .as_ref()
            .map(|guard| format!(" if {}", shape(guard)))
            .unwrap_or_default()
    };
    format!(
        "{{ {} }}",
        list(arms, |arm| format!(
            "{}{} => {}",
            pattern(&arm.pattern),
            guard(arm),
            shape(&arm.body)
        ))
    )
}

fn statement(statement: &Statement) -> String {
    match &statement.kind {
        StatementKind::Let {
            pattern: of,
            value,
            otherwise: None,
        } => format!("let {} = {}", pattern(of), shape(value)),
        StatementKind::Let {
            pattern: of,
            value,
            otherwise: Some(otherwise),
        } => {
            format!(
                "let {} = {} else {}",
                pattern(of),
                shape(value),
                shape(otherwise)
            )
        }
        StatementKind::Require {
            condition,
            otherwise,
        } => format!("require {} else {}", shape(condition), shape(otherwise)),
        StatementKind::Set { field, path, value } => {
            let step = |step: &PathStep| match &step.kind {
                PathStepKind::Field(name) => format!(".{}", name.text),
                PathStepKind::Key(key) => format!("[{}]", shape(key)),
            };
            format!(
                "set {}{} = {}",
                field.text,
                path.iter().map(step).collect::<String>(),
                shape(value)
            )
        }
        StatementKind::Become(value) => format!("become {}", shape(value)),
        StatementKind::Error => "ERROR".to_string(),
    }
}

fn argument(argument: &Argument) -> String {
    match argument {
        Argument::Value(value) => shape(value),
        Argument::Lambda(of) => lambda(of),
        Argument::Arrow(of) => arrow(of),
    }
}

fn lambda(lambda: &Lambda) -> String {
    format!(
        "fn({}) => {}",
        list(&lambda.parameters, pattern),
        shape(&lambda.body)
    )
}

pub(crate) fn arrow(of: &Arrow) -> String {
    match &of.kind {
        ArrowKind::Identity => "id".to_string(),
        ArrowKind::Fst => "fst".to_string(),
        ArrowKind::Snd => "snd".to_string(),
        ArrowKind::Get => "get".to_string(),
        ArrowKind::Put => "put".to_string(),
        ArrowKind::Inl => "inl".to_string(),
        ArrowKind::Inr => "inr".to_string(),
        ArrowKind::Distl => "distl".to_string(),
        ArrowKind::Const(value) => format!("const {}", shape(value)),
        ArrowKind::First(inner) => format!("first {}", arrow(inner)),
        ArrowKind::Second(inner) => format!("second {}", arrow(inner)),
        ArrowKind::Apply => "apply".to_string(),
        ArrowKind::Curry(inner) => format!("curry {}", arrow(inner)),
        ArrowKind::Each(inner) => format!("each {}", arrow(inner)),
        ArrowKind::Modify(inner) => format!("modify {}", arrow(inner)),
        ArrowKind::Tap(inner) => format!("tap {}", arrow(inner)),
        ArrowKind::Choose(fields) => {
            let fields = list(fields, |field| {
                format!("{}: {}", field.name.text, arrow(&field.arrow))
            });
            format!("choose {{ {fields} }}")
        }
        ArrowKind::Case(arms) => {
            format!(
                "case {{ {} }}",
                list(arms, |arm| format!(
                    "{}: {}",
                    constructor(&arm.constructor),
                    arrow(&arm.arrow)
                ))
            )
        }
        ArrowKind::Name(name) => name.text.clone(),
        ArrowKind::Constructor(name) => constructor(name),
        ArrowKind::Field(name) => format!(".{}", name.text),
        ArrowKind::Record(fields) => {
            format!(
                "{{ {} }}",
                list(fields, |field| format!(
                    "{}: {}",
                    field.name.text,
                    arrow(&field.arrow)
                ))
            )
        }
        ArrowKind::Lambda(of) => lambda(of),
        ArrowKind::Chain { combinator, arrows } => {
            let joint = format!(" {} ", combinator.symbol());
            format!(
                "[{}]",
                arrows.iter().map(arrow).collect::<Vec<_>>().join(&joint)
            )
        }
        ArrowKind::Error => "ERROR".to_string(),
    }
}

pub(crate) fn pattern(of: &Pattern) -> String {
    match &of.kind {
        PatternKind::Wildcard => "_".to_string(),
        PatternKind::Name(name) => name.text.clone(),
        PatternKind::Int(value) => value.to_string(),
        PatternKind::Text(value) => format!("{value:?}"),
        PatternKind::Bool(value) => value.to_string(),
        PatternKind::Tuple(parts) => format!("({})", list(parts, pattern)),
        PatternKind::Record(fields) => record_pattern(fields),
        PatternKind::Constructor {
            constructor: name,
            payload,
        } => {
            constructor(name)
                + &match payload {
                    PatternPayload::None => String::new(),
                    PatternPayload::Tuple(parts) => format!("({})", list(parts, pattern)),
                    PatternPayload::Record(fields) => format!(" {}", record_pattern(fields)),
                }
        }
        PatternKind::List { items, rest } => {
            let rest = rest.iter().map(|rest| format!("..{}", pattern(rest)));
            let parts = items.iter().map(pattern).chain(rest);
            format!("[{}]", parts.collect::<Vec<_>>().join(", "))
        }
        PatternKind::Alternatives(parts) => {
            parts.iter().map(pattern).collect::<Vec<_>>().join(" | ")
        }
        PatternKind::Error => "ERROR".to_string(),
    }
}

fn record_pattern(record: &RecordPattern) -> String {
    let fields = record.fields.iter().map(|field| match &field.pattern.kind {
        PatternKind::Name(name) => format!("{}: {}", field.name.text, name.text),
        _ => format!("{}: {}", field.name.text, pattern(&field.pattern)),
    });
    let rest = record.rest.map(|_| "..".to_string());
    format!(
        "{{ {} }}",
        fields.chain(rest).collect::<Vec<_>>().join(", ")
    )
}

pub(crate) fn member_shape(member: &MemberKind) -> String {
    match member {
        MemberKind::Input(TypeBody::Type(_)) => "input type".to_string(),
        MemberKind::Init(value) => format!("init {}", shape(value)),
        MemberKind::On(handler) => {
            let state = handler
                .state
                .iter()
                .map(|state| format!(" in {}", pattern(state)));
            let guard = handler
                .guard
                .iter()
                .map(|guard| format!(" if {}", shape(guard)));
            let body = match &handler.body {
                HandlerBody::Pointful(value) => format!(" => {}", shape(value)),
                HandlerBody::PointFree(of) => format!(" = {}", arrow(of)),
            };
            format!(
                "on {}{}{body}",
                pattern(&handler.input),
                state.chain(guard).collect::<String>()
            )
        }
        MemberKind::Step(of) => format!("step = {}", arrow(of)),
        MemberKind::Migrate(of) => migrate(of),
        MemberKind::MigrateBack(back) => {
            format!(
                "migrate back{} {} {} => {}",
                if back.is_lossy { " lossy" } else { "" },
                back.to.number,
                pattern(&back.pattern),
                shape(&back.value)
            )
        }
        MemberKind::Accept(adapter) => format!(
            "accept {} {}",
            adapter.version.number,
            all_arms(&adapter.arms)
        ),
        MemberKind::Reply(adapter) => format!(
            "reply {} {}",
            adapter.version.number,
            all_arms(&adapter.arms)
        ),
        MemberKind::Trace(trace) => {
            let from = trace
                .from
                .map(|from| format!(" from {}", from.number))
                .unwrap_or_default();
            let lines: Vec<String> = trace
                .lines
                .iter()
                .map(|line| line_shape(&line.kind))
                .collect();
            let given = trace.given.as_ref().map(shape);
            let given = given
                .map(|given| format!(" given {given}"))
                .unwrap_or_default();
            format!(
                "trace {}{given}{from}: {}",
                trace.title.value,
                lines.join("; ")
            )
        }
        other => format!("{other:?}"),
    }
}

fn line_shape(line: &TraceLineKind) -> String {
    match line {
        TraceLineKind::Send {
            client,
            input,
            at,
            sender,
            expected,
        } => {
            let client = client
                .map(|client| format!("v{}", client.number))
                .unwrap_or_default();
            let at = at.iter().map(|at| format!(" at {}", shape(at)));
            let sender = sender.iter().map(|sender| format!(" as {}", shape(sender)));
            let expected = expected.iter().map(|expected| match &expected.kind {
                ExpectedKind::Fault => " = fault".to_string(),
                ExpectedKind::Retired => " = retired".to_string(),
                ExpectedKind::Value(value) => format!(" = {}", shape(value)),
            });
            format!(
                "{client}> {}{}",
                shape(input),
                at.chain(sender).chain(expected).collect::<String>()
            )
        }
        TraceLineKind::Check(value) => format!("check {}", shape(value)),
        TraceLineKind::Given(value) => format!("given {}", shape(value)),
        TraceLineKind::Upgrade { at, sender } => {
            let at = at.iter().map(|at| format!(" at {}", shape(at)));
            let sender = sender.iter().map(|sender| format!(" as {}", shape(sender)));
            format!("upgrade{}", at.chain(sender).collect::<String>())
        }
        TraceLineKind::Error => "ERROR".to_string(),
    }
}

fn migrate(migrate: &Migrate) -> String {
    match &migrate.body {
        MigrateBody::Unchanged(_) => format!("migrate {} unchanged", migrate.from.number),
        MigrateBody::By { pattern: of, value } => format!(
            "migrate {} {} => {}",
            migrate.from.number,
            pattern(of),
            shape(value)
        ),
        MigrateBody::Auto { pattern, value, .. } => {
            let fields = pattern
                .iter()
                .map(|fields| format!(" {}", record_pattern(fields)));
            let value = value.iter().map(|fields| format!(" => {}", record(fields)));
            let rest: String = fields.chain(value).collect();
            format!("migrate {} auto{rest}", migrate.from.number)
        }
    }
}
