use std::io::Write;

use flashbid_core::store::StoreResult;
use redis::{Cmd, ErrorKind, RedisError, RedisWrite, ServerErrorKind, ToRedisArgs, Value};

use crate::answer::Answer;
use crate::connection::{Link, Refused};
use crate::error::{Sent, failed};

/// Makes a static [`Script`] of the file of that name in `src/scripts`.
macro_rules! script {
    ($(#[$doc:meta])* $constant:ident = $name:literal) => {
        $(#[$doc])*
        static $constant: std::sync::LazyLock<$crate::script::Script> = std::sync::LazyLock::new(|| {
            $crate::script::Script::new(
                $name,
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/scripts/", $name, ".lua")),
            )
        });
    };
}
pub(crate) use script;

/// One atomic step in the server's Lua. Its text names its flags in the first line; one with `no-writes` only reads.
#[derive(Debug)]
pub(crate) struct Script {
    name: &'static str,
    text: String,
    hash: String,
    writes: bool,
}

impl Script {
    pub(crate) fn new(name: &'static str, text: &'static str) -> Self {
        let flags = text.lines().next().unwrap_or_default();
        let writes = !flags.contains("no-writes");
        #[cfg(test)]
        let text = &*crate::watch::watched(name, text);
        Self {
            name,
            hash: redis::Script::new(text).get_hash().to_owned(),
            text: text.to_owned(),
            writes,
        }
    }

    /// A call of this script on behalf of the method `operation`, with every key that it may touch.
    pub(crate) fn call(&'static self, operation: &'static str, keys: &[&str]) -> Call {
        let mut command = Cmd::new();
        command.arg("EVALSHA").arg(&self.hash).arg(keys.len());
        for key in keys {
            command.arg(key);
        }
        Call {
            script: self,
            operation,
            command,
        }
    }
}

/// A call of a script, before it is sent.
#[derive(Debug)]
pub(crate) struct Call {
    script: &'static Script,
    operation: &'static str,
    command: Cmd,
}

impl Call {
    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds an argument that `write` writes in place.
    pub(crate) fn packed(&mut self, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) {
        write(&mut self.command.writer_for_next_arg())
            .expect("a command grows in memory, where nothing can fail");
    }

    /// Runs the script. A server that does not have it, because it is new or was told to forget its scripts, gets its
    /// text; nothing has happened by then.
    pub(crate) async fn run(self, link: &Link) -> StoreResult<Answer> {
        let Self {
            script,
            operation,
            command,
        } = self;
        #[cfg(feature = "steered")]
        let command = match &link.1 {
            Some(clock) => with_text(&script.steered(clock.now()), &command),
            None => command,
        };
        let mut answer = answered(script.name, link.send(&command).await);
        if let Err(Refused { error, .. }) = &answer
            && error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
        {
            tracing::debug!(
                script = script.name,
                "the server gets a script that it does not have"
            );
            let command = with_text(&script.text, &command);
            answer = answered(script.name, link.send(&command).await);
        }
        match answer {
            Ok(value) => Ok(Answer::new(operation, value)),
            Err(Refused { error, sent }) => {
                let sent = match (sent, script.writes) {
                    (false, _) => Sent::No,
                    (true, false) => Sent::Read,
                    (true, true) => Sent::Write,
                };
                Err(failed(operation, error, sent))
            }
        }
    }
}

impl Script {
    /// The text of this script where the time is `now`.
    #[cfg(feature = "steered")]
    fn steered(&self, now: flashbid_core::time::Timestamp) -> String {
        let (seconds, millis) = (
            now.millis().div_euclid(1_000),
            now.millis().rem_euclid(1_000),
        );
        let time = format!("{{ '{seconds}', '{}' }}", millis * 1_000);
        let text = self.text.replace("redis.call('TIME')", &time);
        text.replace("call('TIME')", &time)
    }
}

#[cfg_attr(
    not(test),
    expect(unused_variables, reason = "the tests tell the scripts' answers apart")
)]
fn answered(name: &'static str, answer: Result<Value, Refused>) -> Result<Value, Refused> {
    let value = answer?;
    #[cfg(test)]
    let value = crate::watch::seen(name, value);
    value
        .extract_error()
        .map_err(|error: RedisError| Refused { error, sent: true })
}

/// The same call, with a script's text in the place of its hash.
fn with_text(text: &str, command: &Cmd) -> Cmd {
    let mut with_text = Cmd::new();
    with_text.arg("EVAL").arg(text);
    for argument in command.args_iter().skip(2) {
        if let redis::Arg::Simple(bytes) = argument {
            with_text.arg(bytes);
        }
    }
    with_text
}
