//! Scripts at the limits of a program's form: as far as they go, and one further.

use cam::limits::{CALL_HEIGHT_MAX, CASE_DEPTH_MAX, STACK_MAX, TYPE_HEIGHT_MAX};

/// The scripts.
pub(super) fn scripts() -> Vec<String> {
    vec![stack(), cases(), calls(), height()]
}

fn stack() -> String {
    let full = "push; ".repeat(STACK_MAX);
    format!(
        "fn f Int -> Int\n  {full}drop {STACK_MAX}; end\nrun f 1 = 1\nstack f = {STACK_MAX}\n\
         refuse f:{STACK_MAX} push; drop {} = StackOverflow at f:{STACK_MAX}\n",
        STACK_MAX + 1
    )
}

fn cases() -> String {
    let open = "inj Bool 0; case; ".repeat(CASE_DEPTH_MAX);
    let close = "else; end; ".repeat(CASE_DEPTH_MAX);
    let inside = 2 * CASE_DEPTH_MAX;
    format!(
        "fn f Unit -> Unit\n  {open}tuple Unit; {close}end\nrun f () = ()\n\
         refuse f:{inside} inj Bool 0; case; else; end = CaseTooDeep at f:{}\n",
        inside + 1
    )
}

fn calls() -> String {
    let mut text = "fn f0 Int -> Int\n  end\n".to_owned();
    for index in 1..CALL_HEIGHT_MAX {
        text += &format!("fn f{index} Int -> Int\n  call {}; end\n", index - 1);
    }
    let last = CALL_HEIGHT_MAX - 1;
    text + &format!("fn top Int -> Int\n  call {last}; end\nrefused CallTooHigh at top:0\n")
}

/// A list of lists of .. integers.
fn height() -> String {
    let mut text = "type T1 = list Int\n".to_owned();
    for index in 2..=TYPE_HEIGHT_MAX {
        text += &format!("type T{index} = list T{}\n", index - 1);
    }
    let height = usize::try_from(TYPE_HEIGHT_MAX).expect("it is small");
    let highest = format!("{}{}", "[".repeat(height), "]".repeat(height));
    text + &format!("fn f T{height} -> Int\n  llen; end\nrun f [] = 0\nrun f {highest} = 1\n")
}
