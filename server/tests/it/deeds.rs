//! What people do in a room, in the words of each way.

use serde_json::{Value, json};

/// What somebody does.
#[derive(Clone, Debug)]
pub enum Deed {
    Say(String),
    /// With which message, and to what.
    Edit(u64, String),
    Delete(u64),
    /// To which message, with what, and whether from now on or not any more.
    React(u64, &'static str, bool),
}

impl Deed {
    /// Name and fields of the command over a socket.
    pub fn command(&self, client_id: &str) -> (&'static str, Value) {
        match self {
            Self::Say(text) => ("send", json!({"client_id": client_id, "text": text})),
            Self::Edit(target, text) => (
                "edit",
                json!({"client_id": client_id, "target": target, "text": text}),
            ),
            Self::Delete(target) => ("delete", json!({"client_id": client_id, "target": target})),
            Self::React(target, emoji, on) => (
                "react",
                json!({"client_id": client_id, "target": target, "emoji": emoji, "on": on}),
            ),
        }
    }

    /// Method, path and body of the request over HTTP.
    pub fn request(
        &self,
        room: &str,
        client_id: &str,
        name: &str,
        session: Option<&str>,
    ) -> (&'static str, String, Value) {
        let messages = format!("/api/rooms/{room}/messages");
        let mut body = json!({"client_id": client_id, "name": name, "session": session});
        let (method, path) = match self {
            Self::Say(text) => {
                body["text"] = json!(text);
                ("POST", messages)
            }
            Self::Edit(target, text) => {
                body["text"] = json!(text);
                ("PATCH", format!("{messages}/{target}"))
            }
            Self::Delete(target) => ("DELETE", format!("{messages}/{target}")),
            Self::React(target, emoji, on) => {
                let emoji: String = emoji.bytes().map(|byte| format!("%{byte:02X}")).collect();
                let path = format!("{messages}/{target}/reactions/{emoji}");
                (if *on { "PUT" } else { "DELETE" }, path)
            }
        };
        (method, path, body)
    }
}

/// What an entry does, whichever way it came: without the text, which may be another one later.
pub fn what(entry: &Value) -> String {
    let kind = entry["kind"]
        .as_str()
        .or_else(|| entry["type"].as_str())
        .unwrap_or("message");
    format!(
        "{kind} {} {} {} {}",
        entry["target"], entry["emoji"], entry["on"], entry["client_id"]
    )
}
