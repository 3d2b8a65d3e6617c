//! What `--help` shows below the options: examples that can be pasted.

use crate::exit::EXIT_CODES;

/// For the whole command.
pub(crate) fn cam() -> String {
    format!("{CAM}\n\n{EXIT_CODES}")
}

const CAM: &str = "\
Examples:
  See everything at work, on a node of its own:
    cam demo
  From nothing to a running machine:
    cam new counter && cd counter && cam test
    cam key new ops
    cam node add hall --url 10.0.0.7:4700 --key ed25519:5f2c…
    cam bundle && cam sign out/counter@1.bundle && cam push out/counter@1.bundle --to hall
    cam send hall counter Incr
  An upgrade, once src/counter.cam says `version 2` and `migrate from 1`:
    cam bundle --from 1
    cam sign out/counter@1..2.bundle && cam push out/counter@1..2.bundle --to hall";

pub(crate) const NEW: &str = "\
Examples:
  cam new counter
  cd counter && cam test";

pub(crate) const CHECK: &str = "\
Examples:
  cam check
  cam check --short            one line for each problem, for editors
  cam check --json | jq .diagnostics
  cam check -C examples/door   another project";

pub(crate) const FMT: &str = "\
The layout has no options. Comments, blank lines between things, parentheses and the way numbers are
written stay; what a program means never changes. What was released in history/ is left alone.

Examples:
  cam fmt                      writes the source anew, if it is not laid out so
  cam fmt --check              for a machine that builds: exit 1 if anything would change
  cam fmt src/*.cam            these files
  cam fmt - < a.cam            onto the standard output, for editors";

pub(crate) const LSP: &str = "\
Editors start it themselves; examples/editors has what VS Code, Neovim and Helix need for that. It speaks the
Language Server Protocol, and checks a source against the history of the project that it lies in.

It ends with 0 after `shutdown` and `exit`, with 1 if it ends without `shutdown`.

Examples:
  cam lsp                      then `Content-Length: …` and JSON, as the protocol has it";

pub(crate) const TEST: &str = "\
A trace stands in the machine:
  trace \"counts\" {
    > Incr = Ok
    > Read = Sum(1)
  }

What is always true stands there too:
  invariant never_negative: count >= 0
  property incr_adds_one: after Incr => count == prev.count + 1
  property keeps_count: across 1 => count == prev.count
  witness was_reset: count == 0 and old > 0

Examples:
  cam test
  cam test --runs 10_000 --seed new   more of it, with other chances
  cam test --seed 5eed1234 --keep     write what this seed finds into the source
  cam test --accept                   write what the machine answers into its traces
  cam test --runs 0                   the traces alone
  cam test --json | jq '.traces[] | select(.ok | not)'";

pub(crate) const DIFF: &str = "\
With --behaviour each input of the older version is tried in states that it reaches, before and after the upgrade; the
old client's answers are compared, and the states both ways lead to.

Examples:
  cam diff                     the source with the last released version
  cam diff 1                   the source with version 1
  cam diff 1 2                 two released versions
  cam diff --behaviour --runs 1_000
  cam diff --exit-code --json | jq .changes";

pub(crate) const SIMULATE: &str = "\
Sessions at random, as `cam test` has them, and what happened in them: inputs and answers by constructor, steps that
stopped, witnesses that were reached.

Examples:
  cam simulate
  cam simulate --runs 10 --steps 1_000_000
  cam simulate --json | jq .outputs";

pub(crate) const BUILD: &str = "\
Examples:
  cam build                    writes out/counter@1.camb, prints its size and its digest
  cam disasm out/counter@1.camb --source    shows what became of each line, by out/counter@1.camd";

pub(crate) const RUN: &str = "\
At a terminal lines can be edited and are remembered; from a pipe they are read one after the other. What can
be typed: an input, a line of a trace, an expression about the state, and `:help` for the rest.

  > Incr
  Ok   { count: 0 → 1 }   fuel 28
  > count * 2
  2 : Int
  > :undo
  { count: 1 → 0 }

Examples:
  cam run
  cam run --from 1             the version 1 of the history, then `:upgrade`
  printf 'Incr\\nRead\\n' | cam run";

pub(crate) const WATCH: &str = "\
Examples:
  cam watch                    ends with control-C
  cam watch --json | jq .ok    an object for each round";

pub(crate) const GRAPH: &str = "\
Inputs that leave the state as it is are not drawn; the table shows them. A number is the line of a clause,
`*` marks one that takes any input, so that nobody decided about this pair.

Examples:
  cam graph                                 for Mermaid
  cam graph --table
  cam graph --format svg -o door.svg
  cam graph --format dot | dot -Tpng > door.png
  cam graph --json | jq '.pairs[] | select(.caught) | [.input, .state]'";

pub(crate) const COST: &str = "\
The node's verifier proves it: a step never uses more. What loops and sizes add is charged as it happens, and a
step that would use more than its fuel stops without a change.

Examples:
  cam cost
  cam cost --json | jq '.handlers[] | select(.max_cost == null) | .handler'";

pub(crate) const DOC: &str = "\
`///` lines above the machine, its types and functions, its constructors and its `on` clauses are taken over.

Examples:
  cam doc > MANUAL.md
  cam doc -o MANUAL.md -C examples/door
  cam doc --html -o manual.html";

pub(crate) const KEY: &str = "\
One key says who somebody is, to nodes and on bundles.

Examples:
  cam key new ops              writes ops.key with mode 0600 and prints the public key
  cam key show ops
  cam key list";

pub(crate) const NODE: &str = "\
A key is never taken from the network: read it on the node itself.

Examples:
  cam-node key --config hall/node.toml            on the computer of the node
  cam node add hall --url 10.0.0.7:4700 --key ed25519:5f2c…
  cam node list
  cam node forget hall";

pub(crate) const KEY_NEW: &str = "\
Examples:
  cam key new ops
  cam key new ops --keys ./keys     in another folder";

pub(crate) const KEY_SHOW: &str = "\
Examples:
  cam key show ops
  cam-node init hall --trust ops=$(cam key show ops)=author,operator,client";

pub(crate) const NODE_ADD: &str = "\
Examples:
  cam node add hall --url 10.0.0.7:4700 --key ed25519:5f2c…";

pub(crate) const NODE_LIST: &str = "\
Examples:
  cam node list
  cam node list --json | jq -r '.nodes[].name'";

pub(crate) const BUNDLE: &str = "\
A bundle goes from one released version to the next. It and its version are noted in history/, which
belongs into version control.

Examples:
  cam bundle                       first: out/counter@1.bundle
  cam bundle --from 1 -m 'reset'   then: out/counter@1..2.bundle
  cam bundle --as counter-east     under another name on the node
  cam bundle --node hall           for this node only
  cam bundle --release 1           version 1 again, from the history
  cam bundle --drop 'log[].at'     agree to lose a part that the source does not say it drops

Without a project, for a module that something else compiled: the bundle is written beside the module,
and what would be in history/ is read from the bundle that it follows.
  cam bundle --module counter.camb --as counter
  cam bundle --module counter2.camb --follow counter.bundle --migration to2.camb";

pub(crate) const SIGN: &str = "\
Examples:
  cam sign out/counter@1..2.bundle --key ops
  cam sign out/counter@1..2.bundle --key boss      where a node wants two authors";

pub(crate) const VERIFY: &str = "\
Nothing is asked of any node, so whether the signers are trusted is not said.

Examples:
  cam verify out/counter@1..2.bundle
  cam verify out/counter@1..2.bundle --json | jq .signers
  cam verify out/counter@1.camb    a module: digest, interface, what was proved of it";

pub(crate) const DISASM: &str = "\
The text reads back as the module: `cam asm` makes the same bytes of it. Chapter 3 of the specification
has the grammar and what each instruction does.

Examples:
  cam disasm out/counter@1.camb
  cam disasm out/counter@1.camb --source     with the lines of the source that it is from
  cam disasm out/counter@1..2.bundle --part migration
  cam disasm out/counter@1.camb --json | jq -r '.functions[] | .name, .code[].text'
  cam disasm out/counter@1.camb -o counter.cama      to change it, then: cam asm counter.cama";

pub(crate) const ASM: &str = "\
The module is verified as a node would before it is written. A text to start from:
  fn f Int -> Int
    push; int 1; add; end
  export migrate f

Examples:
  cam asm f.cama                   writes f.camb, prints its size and its digest
  cam asm f.cama -o out/f.camb
  cam verify f.camb                what was proved of it
  cam bundle --module counter.camb a machine written so runs like any other";

pub(crate) const PUSH: &str = "\
The answer is one of three: applied; already running, nothing changed; refused, nothing changed.

Examples:
  cam push out/counter@1..2.bundle --to hall
  cam push out/counter@1..2.bundle --to hall --key ops
  cam push out/counter@1..2.bundle --to hall --trial 10m --faults 5 --checks -m 'release 7'
  cam push out/counter@1..2.bundle --to a,b,c --plan
  cam push out/counter@1..2.bundle --to eu --wave 1,5,rest --trial 10m --on-failure return

`[group]` in cam.toml names several nodes: eu = [\"a\", \"b\", \"c\"]. Every node gives its plan before one is changed;
the first wave is the first of the names. A wave waits until all its nodes have passed their trials; when one has
not, no other begins. In the end each node is listed with what is true of it. Control-C stops, and lists them too.

On trial the machine goes back by itself when more steps stop than may, when a step would break an
invariant (--checks), or when the node keeps dying. `cam rollback` shows what that keeps.

With --shadow the new version runs beside the one that runs: it is given the same inputs, nobody gets its
answers, and `cam shadow` shows where they are not the same.
  cam push out/counter@1..2.bundle --to hall --shadow";

pub(crate) const SHADOW: &str = "\
A version that was pushed with --shadow sees each input after the machine has answered it. It changes nothing:
not the state, not the journal, not an answer. What it is compared with must stay, so each push, rollback and
retirement ends it; so does a node that dies beside it again and again, and an input more than may wait for it.
After a start of the node it begins anew from the machine's state, and its counts begin again.

Examples:
  cam shadow hall counter
  cam shadow hall counter --promote --trial 10m    the bundle is pushed, on the machine's own state
  cam shadow hall counter --drop -m 'seen enough'";

pub(crate) const TRIAL: &str = "\
A program that was pushed with --trial stays once its time is over and its steps are taken. The lines about
clients count the steps that clients of older versions took since; `cam retire` ends their service.

Examples:
  cam trial hall counter
  cam trial hall counter --pass    it stays, from now on";

pub(crate) const ROLLBACK: &str = "\
With `migrate back` in the bundle the state is mapped back, and what was written since is kept. Without it the
state from before the upgrade is taken, and the inputs since are given to the old version again; that is
possible as long as the new version is on trial. Answers that were given are not given again: the command
counts those that are different now, and shows the first. The state that is taken away stays on the node.

Examples:
  cam rollback hall counter          shows what would happen, and changes nothing
  cam rollback hall counter --yes -m 'it counts twice'";

pub(crate) const RETIRE: &str = "\
Clients speak the version they were made for, and the adapters of every upgrade since carry their inputs and
outputs. `cam trial` shows how many steps they still take.

Examples:
  cam retire hall counter --version 1 -m 'all are on 2'";

pub(crate) const SEND: &str = "\
The input is checked against the program that runs before it is sent.

Inputs are numbered: a node that was lost on the way is asked again, and takes the same number once. If it stays away
for longer than --patience, the exit code is 6, and the message ends with the command that asks again: the same one,
with --again and a ticket. The JSON has the ticket too. Only the last input of each run can be asked for again.

Examples:
  cam send hall counter Incr
  cam send hall counter Incr --again 5f2c…-18    was it taken? it is now, once
  cam send hall counter Incr --repeat 1000
  cam send hall ledger 'Transfer { to: \"savings\", amount: 250 }'
  cam send hall counter Read --client history/counter@1.camb     as a client of version 1";

pub(crate) const QUERY: &str = "\
Examples:
  cam query hall counter Read
  cam query hall ledger Balance";

pub(crate) const STATUS: &str = "\
Examples:
  cam status                   all nodes that have a name
  cam status hall attic
  cam status --json | jq '.nodes[].machines[] | {machine, version}'";

pub(crate) const HISTORY: &str = "\
Examples:
  cam history hall             if the node runs one machine only
  cam history hall counter";

pub(crate) const STATE: &str = "\
Examples:
  cam state hall counter
  cam state hall counter --field count
  cam state hall counter --json | jq .value";

pub(crate) const TAIL: &str = "\
Each line is a command of the machine's journal: the step's number, when, who sent what, and the answer, worked out here
from the same inputs. What came before the machine's last turn is shown without answers.

Examples:
  cam tail hall counter
  cam tail hall --last 100 --lines 100   the last hundred, then the end
  cam tail hall counter --json | jq .input";

pub(crate) const EXPORT: &str = "\
The file has the commands of the journal with their bundles, and is lived again once before it is written. Where the node
no longer has the beginning, the file starts later and says so.

Examples:
  cam export hall counter --out counter.caml
  cam replay counter.caml      on any computer, without a node";

pub(crate) const REPLAY: &str = "\
A file is lived again from its first command, across all versions, without a node. What does not fit is named.

Examples:
  cam replay counter.caml
  cam replay counter.caml --step 12             the state after step 12
  cam replay hall counter --against out/counter@1..2.bundle
  cam replay hall --against out/counter@1..2.bundle --exit-code";

pub(crate) const EXPLAIN: &str = "\
A page for each code: what is wrong, what to do, and a source with the mistake beside one without.

Examples:
  cam explain T101             a message of `cam check`
  cam explain N303             a refusal of a node
  cam explain stale-program    the same by its name";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  cam completions bash > ~/.local/share/bash-completion/completions/cam
  cam completions zsh > ~/.zfunc/_cam
  cam completions fish > ~/.config/fish/completions/cam.fish";

pub(crate) const MAN: &str = "\
Examples:
  cam man | man -l -                 read it now
  cam man ~/.local/share/man/man1    then: man cam-push";

pub(crate) const DEMO: &str = "\
The node runs in a process of its own, on a port of 127.0.0.1 that the system chooses, with a data
folder that is removed at the end. The exit code is 0 only if every step did what it says.

Examples:
  cam demo
  cam demo --json | jq '.steps[] | {title, ok}'";
