//! The verifier: `Bytecode -> Program`, in one forward pass, and the only maker of `Program`.
//!
//! The algorithm follows the validation algorithm of WebAssembly's appendix, with a register and
//! without its labels: one pass over each function with the register's type, a stack of types and a
//! stack of open cases. There is no control-flow graph, no fixpoint and no back edge, because a case
//! closes like a bracket and callees and fold bodies have smaller numbers. Each instruction takes
//! constant time but `tuple` and `case`, whose work is paid for by the pushes and the `else`s that must
//! be there; so the whole is linear in the bytes.
//!
//! A program that comes out can stop only by the [traps](crate::trap): every instruction finds
//! operands of its type (progress), keeps the types (preservation), and runs finitely often.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::bytecode::Bytecode;
use crate::code::Code;
use crate::combinator::{FunctionId, Role};
use crate::conversion::Conversion;
use crate::decode;
use crate::digest::Digest;
use crate::encode;
pub use crate::invalid::{Invalid, InvalidReason, Place};
use crate::register::{self, lower};
use crate::schema::Schema;
use crate::types::{BOOL, Type, TypeId, TypeTable, UNIT};
use crate::typing;
pub use crate::typing::Certificate;
use crate::unpacked::Unpacked;
use crate::uses::Uses;

/// A verified module of one machine: it has a first state, a step and a schema that fits them.
#[derive(Clone, Debug)]
pub struct Program {
    code: Verified,
    init: FunctionId,
    step: FunctionId,
    query: Option<FunctionId>,
    check: Option<FunctionId>,
    state: TypeId,
    input: TypeId,
    stamped: TypeId,
    output: TypeId,
}

/// A verified module that leads from one machine to the next.
#[derive(Clone, Debug)]
pub struct Migration {
    code: Verified,
    migrate: Conversion,
    input: Option<Conversion>,
    output: Option<Conversion>,
    back: Option<Conversion>,
}

/// Verified code: typed, with what each engine makes of it when it first runs it.
#[derive(Clone, Debug)]
pub struct Verified {
    bytecode: Arc<Bytecode>,
    functions: Arc<[Certificate]>,
    digest: Digest,
    unpacked: Arc<OnceLock<Box<[Unpacked]>>>,
    registers: Arc<OnceLock<Option<Arc<register::code::Code>>>>,
}

/// Verifies a machine.
///
/// # Errors
/// [`Invalid`] with the place, if any function does not type, a part is unused, or the exports do not
/// fit the schema.
pub fn machine(bytecode: Bytecode) -> Result<Program, Invalid> {
    let code = verify(bytecode)?;
    let init = code.required(Role::Init)?;
    let step = code.required(Role::Step)?;
    for role in [Role::Migrate, Role::Input, Role::Output, Role::Back] {
        code.forbid(&[role, role.stamped()])?;
    }
    let schema = code.bytecode.schema.clone();
    let schema = schema.ok_or(module_error(InvalidReason::Schema(
        "a machine needs a schema",
    )))?;

    // The schema's types must already be in the table: they are those of `init` and `step`.
    let mut types = code.bytecode.types.clone();
    let state = schema.shapes.erase(schema.state, &mut types);
    let input = schema.shapes.erase(schema.input, &mut types);
    let output = schema.shapes.erase(schema.output, &mut types);
    let stamped = schema.stamped_input(&mut types);
    let domain = types.product(&[stamped, state]);
    let codomain = types.product(&[state, output]);
    code.export_type(Role::Init, init, (UNIT, state))?;
    code.export_type(Role::Step, step, (domain, codomain))?;
    let (query, check) = (code.export(Role::Query), code.export(Role::Check));
    if let Some(check) = check {
        code.export_type(Role::Check, check, (state, BOOL))?;
    }
    if let Some(query) = query {
        code.query_type(query, state)?;
    }
    if types.len() != code.bytecode.types.len() {
        return Err(module_error(InvalidReason::Schema(
            "a shape's type is not in the table",
        )));
    }
    Ok(Program {
        code,
        init,
        step,
        query,
        check,
        state,
        input,
        stamped,
        output,
    })
}

/// Verifies a migration.
///
/// # Errors
/// [`Invalid`] with the place, if any function does not type, a part is unused, or the exports are not
/// those of a migration.
pub fn migration(bytecode: Bytecode) -> Result<Migration, Invalid> {
    let code = verify(bytecode)?;
    let missing = InvalidReason::Export {
        role: Role::Migrate,
        problem: "is missing",
    };
    let migrate = Conversion::of(&code, Role::Migrate)?.ok_or(module_error(missing))?;
    code.forbid(&[Role::Init, Role::Step, Role::Query, Role::Check])?;
    if code.bytecode.schema.is_some() {
        return Err(module_error(InvalidReason::Schema(
            "a migration has no schema",
        )));
    }
    let (input, output) = (
        Conversion::of(&code, Role::Input)?,
        Conversion::of(&code, Role::Output)?,
    );
    if input.is_some() != output.is_some() {
        let role = if input.is_some() {
            Role::Output
        } else {
            Role::Input
        };
        let problem = "is missing: adapters of inputs and outputs come together";
        return Err(module_error(InvalidReason::Export { role, problem }));
    }
    let back = Conversion::of(&code, Role::Back)?;
    Ok(Migration {
        code,
        migrate,
        input,
        output,
        back,
    })
}

impl Program {
    /// The verified code.
    #[must_use]
    pub fn code(&self) -> &Verified {
        &self.code
    }

    /// The function that makes the first state.
    #[must_use]
    pub fn init(&self) -> FunctionId {
        self.init
    }

    /// The function that makes one transition.
    #[must_use]
    pub fn step(&self) -> FunctionId {
        self.step
    }

    /// The function that answers a question about the state, `Q x S -> R`. That it changes nothing is in
    /// its type.
    #[must_use]
    pub fn query(&self) -> Option<FunctionId> {
        self.query
    }

    /// The types of a question and of its answer.
    #[must_use]
    pub fn query_types(&self) -> Option<(TypeId, TypeId)> {
        let (domain, answer) = self.code.function_type(self.query?);
        let parts = self.types().get(domain).operands();
        parts.first().map(|question| (*question, answer))
    }

    /// The function that says whether a state is one that the machine may be in, `S -> Bool`.
    #[must_use]
    pub fn check(&self) -> Option<FunctionId> {
        self.check
    }

    /// Fuel of one step at most, if that is known before it runs: nothing in it has rounds, applies a
    /// closure or is charged by the sizes of its operands.
    #[must_use]
    pub fn max_cost(&self) -> Option<u64> {
        let certificate = self.code.certificate(self.step);
        (!certificate.loops && !certificate.sized).then_some(certificate.cost)
    }

    /// The names of the interface.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.code
            .bytecode
            .schema
            .as_ref()
            .expect("a verified machine has a schema")
    }

    /// The table of the types below.
    #[must_use]
    pub fn types(&self) -> &TypeTable {
        self.code.types()
    }

    /// The type of states.
    #[must_use]
    pub fn state_type(&self) -> TypeId {
        self.state
    }

    /// The type of inputs as clients send them, without stamps.
    #[must_use]
    pub fn input_type(&self) -> TypeId {
        self.input
    }

    /// The type of inputs as the step sees them.
    #[must_use]
    pub fn stamped_input_type(&self) -> TypeId {
        self.stamped
    }

    /// The type of outputs.
    #[must_use]
    pub fn output_type(&self) -> TypeId {
        self.output
    }

    /// The program's name.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.code.digest
    }

    /// The canonical bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        encode::module(&self.code.bytecode)
    }
}

/// A migration that does not lead from the one machine to the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Misfit {
    /// The function whose type is another.
    pub role: Role,
    /// Which side of it: where it starts, or where it ends.
    pub side: &'static str,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.role {
            Role::Migrate | Role::MigrateAt => "the migration",
            Role::Input | Role::InputAt => "the input adapter",
            Role::Output | Role::OutputAt => "the output adapter",
            Role::Back | Role::BackAt => "the way back",
            Role::Init | Role::Step | Role::Query | Role::Check => "the machine",
        };
        write!(f, "{word} {} the wrong type", self.side)
    }
}

impl std::error::Error for Misfit {}

impl Migration {
    /// The verified code.
    #[must_use]
    pub fn code(&self) -> &Verified {
        &self.code
    }

    /// Fuel of the migration at most, if that is known whatever the state is.
    #[must_use]
    pub fn max_cost(&self) -> Option<u64> {
        let certificate = self.code.certificate(self.migrate.function);
        (!certificate.loops && !certificate.sized).then_some(certificate.cost)
    }

    /// The function from old state to new.
    #[must_use]
    pub fn migrate(&self) -> FunctionId {
        self.migrate.function
    }

    /// The functions for old clients: old input to new, new output to old.
    #[must_use]
    pub fn adapters(&self) -> Option<(FunctionId, FunctionId)> {
        let (input, output) = self.input.zip(self.output)?;
        Some((input.function, output.function))
    }

    /// The function from new state to old.
    #[must_use]
    pub fn back(&self) -> Option<FunctionId> {
        self.back.map(|back| back.function)
    }

    /// The conversion of one role, whether it is told the moment or not.
    pub(crate) fn conversion(&self, role: Role) -> Option<Conversion> {
        match role {
            Role::Migrate => Some(self.migrate),
            Role::Input => self.input,
            Role::Output => self.output,
            _ => self.back,
        }
    }

    /// The migration's name.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.code.digest
    }

    /// The canonical bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        encode::module(&self.code.bytecode)
    }

    /// Whether every function leads from a type of the one machine to a type of the other.
    ///
    /// # Errors
    /// [`Misfit`] names the first function that does not.
    pub fn fits(&self, old: &Program, new: &Program) -> Result<(), Misfit> {
        let state = ((old, old.state), (new, new.state));
        let input = ((old, old.input), (new, new.input));
        let output = ((new, new.output), (old, old.output));
        let back = ((new, new.state), (old, old.state));
        let functions = [
            (Role::Migrate, state),
            (Role::Input, input),
            (Role::Output, output),
            (Role::Back, back),
        ];
        for (role, (from, to)) in functions {
            let Some(conversion) = self.conversion(role) else {
                continue;
            };
            let domain = conversion.takes;
            let (_, codomain) = self.code.function_type(conversion.function);
            for (side, (program, id), own) in
                [("starts at", from, domain), ("ends at", to, codomain)]
            {
                if self.code.types().find_from(program.types(), id) != Some(own) {
                    return Err(Misfit { role, side });
                }
            }
        }
        Ok(())
    }
}

impl Verified {
    /// The types of the module.
    #[must_use]
    pub fn types(&self) -> &TypeTable {
        &self.bytecode.types
    }

    /// The module itself.
    #[must_use]
    pub fn bytecode(&self) -> &Bytecode {
        &self.bytecode
    }

    /// The function at position `index`, if there is one.
    #[must_use]
    pub fn function_at(&self, index: usize) -> Option<FunctionId> {
        let number = u32::try_from(index).ok()?;
        (index < self.functions.len()).then_some(FunctionId(number))
    }

    /// What was proved of a function.
    #[must_use]
    pub fn certificate(&self, function: FunctionId) -> &Certificate {
        &self.functions[function.index()]
    }

    /// Domain and codomain of a function.
    #[must_use]
    pub fn function_type(&self, function: FunctionId) -> (TypeId, TypeId) {
        let body = &self.bytecode.functions[function.index()];
        (body.domain, body.codomain)
    }

    /// The module's name.
    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    /// The code for the register interpreter, compiled when it is first asked for. Nothing if the program
    /// is too large for it.
    #[must_use]
    pub fn registers(&self) -> Option<&Arc<register::code::Code>> {
        let code = self.registers.get_or_init(|| lower::code(self).ok());
        code.as_ref()
    }

    pub(crate) fn body(&self, function: FunctionId) -> &Code {
        &self.bytecode.functions[function.index()].code
    }

    /// All code taken apart, when it is first asked for.
    pub(crate) fn unpacked(&self) -> &[Unpacked] {
        let bodies = self.bytecode.functions.iter();
        let unpack = || bodies.map(|body| Unpacked::new(&body.code)).collect();
        self.unpacked.get_or_init(unpack)
    }

    pub(crate) fn export(&self, role: Role) -> Option<FunctionId> {
        let found = self.bytecode.exports.iter().find(|(own, _)| *own == role);
        found.map(|(_, function)| *function)
    }

    fn required(&self, role: Role) -> Result<FunctionId, Invalid> {
        let problem = "is missing";
        self.export(role)
            .ok_or(module_error(InvalidReason::Export { role, problem }))
    }

    fn forbid(&self, roles: &[Role]) -> Result<(), Invalid> {
        match roles.iter().find(|role| self.export(**role).is_some()) {
            None => Ok(()),
            Some(role) => {
                let problem = "does not belong in this kind of module";
                Err(module_error(InvalidReason::Export {
                    role: *role,
                    problem,
                }))
            }
        }
    }

    /// A query sees the state beside the question. Question and answer may be of any type.
    fn query_type(&self, query: FunctionId, state: TypeId) -> Result<(), Invalid> {
        let (domain, _) = self.function_type(query);
        match self.types().get(domain) {
            Type::Product(parts) if parts.len() == 2 && parts[1] == state => Ok(()),
            _ => {
                let problem = "does not start at a question and the state";
                let role = Role::Query;
                Err(module_error(InvalidReason::Export { role, problem }))
            }
        }
    }

    fn export_type(
        &self,
        role: Role,
        function: FunctionId,
        expected: (TypeId, TypeId),
    ) -> Result<(), Invalid> {
        if self.function_type(function) == expected {
            return Ok(());
        }
        let problem = "has another type than the schema says";
        Err(module_error(InvalidReason::Export { role, problem }))
    }
}

pub(crate) fn module_error(reason: InvalidReason) -> Invalid {
    Invalid { at: None, reason }
}

/// What comes in and goes out is data. Closures stay within a run.
fn exports_data(bytecode: &Bytecode) -> Result<(), Invalid> {
    for (_, function) in &bytecode.exports {
        let body = &bytecode.functions[function.index()];
        for found in [body.domain, body.codomain] {
            if !bytecode.types.is_data(found) {
                let place = "an export";
                return Err(module_error(InvalidReason::FunctionNotAllowed {
                    place,
                    found,
                }));
            }
        }
    }
    Ok(())
}

fn verify(bytecode: Bytecode) -> Result<Verified, Invalid> {
    let digest = match bytecode.digest() {
        Some(digest) => digest,
        None => read_back(&bytecode)?,
    };
    let mut uses = Uses::new(&bytecode);
    let functions = typing::functions(&bytecode, &mut uses);
    let functions = functions.map_err(|refusal| placed(&bytecode, refusal))?;
    uses.all_used(&bytecode)?;
    exports_data(&bytecode)?;
    let functions = functions.into();
    Ok(Verified {
        bytecode: Arc::new(bytecode),
        functions,
        digest,
        unpacked: Arc::default(),
        registers: Arc::default(),
    })
}

fn placed(bytecode: &Bytecode, refusal: typing::Refusal) -> Invalid {
    let (function, instruction) = (refusal.function, refusal.instruction);
    let at = Place {
        function,
        instruction,
        offset: encode::offset_of(bytecode, function, instruction),
    };
    Invalid {
        at: Some(at),
        reason: refusal.reason,
    }
}

/// A module that was built by hand can hold what no bytes say: a constant of another type, an export of a
/// function that is not there. The rules lean on the decoder's, so it is asked.
fn read_back(bytecode: &Bytecode) -> Result<Digest, Invalid> {
    let bytes = encode::module(bytecode);
    let read = decode::module(&bytes).ok();
    let same = read.filter(|read| read == bytecode);
    let digest = same.and_then(|read| read.digest());
    digest.ok_or(module_error(InvalidReason::NotCanonical))
}
