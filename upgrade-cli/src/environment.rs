//! What the environment says. No other file reads a variable.

use std::env;
use std::io::{IsTerminal, stderr};
use std::path::PathBuf;

/// The variable that names the key folder.
const KEYS_VARIABLE: &str = "CAM_KEYS";

/// The variable that names the key to use where several are there.
const KEY_VARIABLE: &str = "CAM_KEY";

/// The folder of this program below the user's folder of configuration.
const CONFIG_NAME: &str = "camshaft";

/// The variables this program looks at, read once.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// Where keys are, if the user says so.
    pub(crate) keys: Option<PathBuf>,
    /// The name of the key to use, if the user says so.
    pub(crate) key: Option<String>,
    /// The user's folder of configuration for this program; none without a home.
    pub(crate) config: Option<PathBuf>,
    /// Whether messages are coloured.
    pub(crate) colour: bool,
}

impl Environment {
    /// Reads them.
    pub(crate) fn read() -> Environment {
        let folder = |name: &str| {
            let path = PathBuf::from(env::var_os(name)?);
            // An empty or relative folder is as good as none (XDG base directory specification).
            path.is_absolute().then_some(path)
        };
        let base =
            folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")));
        Environment {
            keys: env::var_os(KEYS_VARIABLE)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from),
            key: env::var(KEY_VARIABLE).ok().filter(|key| !key.is_empty()),
            config: base.map(|base| base.join(CONFIG_NAME)),
            colour: wants_colour(),
        }
    }
}

/// `NO_COLOR` wins, then `CLICOLOR_FORCE`, then whether anybody is there to see it.
fn wants_colour() -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let forced =
        env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0");
    let dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
    !is_set("NO_COLOR") && (forced || (stderr().is_terminal() && !dumb))
}
