//! What the unit tests of this crate see of its scripts: each runs rewritten, so that it tells which way every
//! condition went, and so that it fails when it touches a key that it was not given.
//!
//! The rewriting knows conditions by their lines: `if … then`, `elseif … then` and `while … do`, each alone on a line,
//! which [`conditions`] insists on. An answer becomes a list of what was seen and the script's own answer.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use redis::Value;

/// One way that one condition may go: the script, the line of the condition, and what it was.
pub(crate) type Branch = (String, usize, bool);

/// Where a test process appends the branches that it takes, one a line.
pub(crate) const BRANCHES: &str = "FLASHBID_BRANCHES";

static SEEN: Mutex<BTreeSet<Branch>> = Mutex::new(BTreeSet::new());

/// Runs before a script, on one line, so that the lines of the script keep their order.
const BEFORE: &str = r"
local flashbid_seen = {}
local function flashbid_if(line, condition)
  flashbid_seen[line .. (condition and '+' or '-')] = true
  return condition
end
local redis = (function(redis)
  local given = {}
  for _, key in ipairs(KEYS) do given[key] = true end
  local keys_of = { TIME = {}, INFO = {}, XINFO = { 2 }, RENAME = { 1, 2 }, DEL = 'all', UNLINK = 'all', EXISTS = 'all' }
  local first = { 1 }
  for command in string.gmatch([[
    GET SET PTTL TTL PEXPIRE PEXPIREAT PERSIST TYPE INCR INCRBY DECRBY SETNX
    HGET HSET HMGET HMSET HGETALL HLEN HDEL HEXISTS HINCRBY HKEYS HVALS HSTRLEN HSCAN
    ZADD ZREM ZRANK ZRANGE ZCARD ZSCORE ZCOUNT ZRANGEBYSCORE ZREMRANGEBYSCORE ZREMRANGEBYRANK ZINCRBY ZMSCORE ZREVRANK
    SADD SREM SISMEMBER SCARD SMEMBERS
    LPUSH RPUSH LRANGE LLEN LTRIM
    XADD XLEN XRANGE XREVRANGE XTRIM XPENDING XDEL
  ]], '%u+') do keys_of[command] = first end
  local function checked(call)
    return function(command, ...)
      local arguments = { ... }
      local places = keys_of[command]
      if not places then error('unknown command ' .. tostring(command)) end
      if places == 'all' then
        places = {}
        for place = 1, #arguments do places[place] = place end
      end
      for _, place in ipairs(places) do
        if not given[arguments[place]] then
          error('a key that was not given: ' .. command .. ' ' .. tostring(arguments[place]))
        end
      end
      return call(command, ...)
    end
  end
  return setmetatable({ call = checked(redis.call), pcall = checked(redis.pcall) }, { __index = redis })
end)(redis)
local function flashbid_script()";

/// Runs after a script.
const AFTER: &str = r"
end
local well, answer = pcall(flashbid_script)
if not well then
  if type(answer) == 'table' then answer = answer.err end
  if not string.match(answer, '^%u+ ') then answer = 'ERR ' .. answer end
  answer = { err = answer }
end
local seen = {}
for mark in pairs(flashbid_seen) do seen[#seen + 1] = mark end
return { table.concat(seen, ' '), answer }";

/// The script as the tests run it.
pub(crate) fn watched(name: &str, text: &str) -> String {
    let conditions = conditions(name, text);
    let mut lines = text.lines();
    let mut watched = lines.next().unwrap_or_default().to_owned();
    watched.push('\n');
    watched.push_str(&BEFORE.replace('\n', " "));
    for (number, line) in (2..).zip(lines) {
        watched.push('\n');
        if conditions.contains(&number) {
            let (keyword, condition, opening) = parts(line).expect("it is a condition");
            let told = format!("{keyword} flashbid_if({number}, {condition}) {opening}");
            watched.push_str(&told);
        } else {
            watched.push_str(line);
        }
    }
    watched.push_str(AFTER);
    watched
}

/// Takes note of what a watched script saw, and answers what the script itself answered.
pub(crate) fn seen(name: &str, value: Value) -> Value {
    let Value::Array(mut pair) = value else {
        return value;
    };
    let answer = if pair.len() == 2 {
        pair.pop()
    } else {
        Some(Value::Nil)
    };
    let Some(Value::BulkString(marks)) = pair.pop() else {
        panic!("a watched script tells what it saw")
    };
    let marks = String::from_utf8(marks).expect("marks are text");
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    for mark in marks.split_whitespace() {
        let (line, outcome) = mark.split_at(mark.len() - 1);
        let line = line.parse().expect("a mark begins with a line");
        let branch = (name.to_owned(), line, outcome == "+");
        if !seen.contains(&branch) {
            note(&branch);
            seen.insert(branch);
        }
    }
    answer.expect("it was taken above")
}

fn note((name, line, outcome): &Branch) {
    if let Some(path) = std::env::var_os(BRANCHES) {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let note = format!("{name} {line} {outcome}\n");
        file.and_then(|mut file| file.write_all(note.as_bytes()))
            .expect("the branches can be noted");
    }
}

/// The branches of all scripts that are not among those that a process has noted.
pub(crate) fn never_taken(notes: &str) -> Vec<String> {
    let taken: BTreeSet<_> = notes.lines().collect();
    let mut missing = Vec::new();
    for (name, text) in scripts() {
        for line in conditions(&name, &text) {
            for outcome in [true, false] {
                if !taken.contains(&*format!("{name} {line} {outcome}")) {
                    let condition = text.lines().nth(line - 1).unwrap_or_default().trim();
                    missing.push(format!("{name}.lua:{line} is never {outcome}: {condition}"));
                }
            }
        }
    }
    missing
}

/// Every script of this crate, by name.
pub(crate) fn scripts() -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scripts");
    let files = std::fs::read_dir(directory).expect("the scripts are there");
    let mut scripts: Vec<_> = files
        .map(|file| file.expect("the directory can be listed").path())
        .map(|path| {
            let name = path.file_stem().and_then(|name| name.to_str());
            let name = name.expect("a script has a name").to_owned();
            (
                name,
                std::fs::read_to_string(path).expect("a script is text"),
            )
        })
        .collect();
    scripts.sort();
    scripts
}

/// The lines of a script that decide something.
fn conditions(name: &str, text: &str) -> Vec<usize> {
    let mut conditions = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split("--").next().unwrap_or_default();
        let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        if words.any(|word| matches!(word, "if" | "elseif" | "then" | "while" | "repeat")) {
            assert!(
                parts(line).is_some(),
                "{name}:{number}: a condition stands on one line, alone: {line}"
            );
            conditions.push(number);
        }
    }
    conditions
}

/// `if`, the condition and `then`.
fn parts(line: &str) -> Option<(&str, &str, &str)> {
    let (keyword, rest) = line.trim_start().split_once(' ')?;
    let opening = match keyword {
        "if" | "elseif" => "then",
        "while" => "do",
        _ => return None,
    };
    let condition = rest.strip_suffix(opening)?.strip_suffix(' ')?;
    Some((keyword, condition, opening))
}

#[test]
fn scripts_build_no_keys() {
    for (name, text) in scripts() {
        let flags = text.lines().next().unwrap_or_default();
        assert!(
            flags.starts_with("#!lua flags=") || flags == "#!lua",
            "{name}: the first line gives the flags"
        );
        assert!(
            text.lines()
                .nth(1)
                .is_some_and(|line| line.starts_with("--")),
            "{name} says what it does"
        );
        for (number, line) in (1..).zip(text.lines()).skip(1) {
            let code = line.split("--").next().unwrap_or_default();
            // Every key here has a colon and braces. A text of a script that has neither cannot become one.
            for literal in code.split('\'').skip(1).step_by(2) {
                assert!(
                    !literal.contains([':', '{', '}']),
                    "{name}:{number} builds a key: {line}"
                );
            }
            for forbidden in ["\"", "[[", "redis.pcall", "loadstring"] {
                assert!(
                    !code.contains(forbidden),
                    "{name}:{number} has {forbidden}: {line}"
                );
            }
            let builds = code.contains("KEYS") && code.contains("..");
            assert!(!builds, "{name}:{number} builds a key of another: {line}");
        }
    }
}

#[test]
fn conditions_are_rewritten() {
    let text = "#!lua\n-- x\nif a < 1 then\n  return 1\nelseif b then\n  return 2\nend";
    let watched = watched("x", text);
    assert!(watched.contains("\nif flashbid_if(3, a < 1) then\n  return 1\n"));
    assert!(watched.contains("\nelseif flashbid_if(5, b) then\n"));
    assert_eq!(conditions("x", text), [3, 5]);
}

#[test]
#[should_panic(expected = "a condition stands on one line")]
fn a_hidden_condition_is_refused() {
    conditions("x", "#!lua\nif a then b() end");
}
