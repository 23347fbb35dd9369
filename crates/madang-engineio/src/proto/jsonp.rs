//! JSONP: answers as scripts and bodies as forms, for pages that can't make cross-origin requests.

use bytes::Bytes;

/// The index of a JSONP callback: the digits of the query's `j`.
///
/// ```
/// use madang_engineio::proto::Jsonp;
///
/// // Only digits: whatever else a client asks for can't run in a page.
/// assert_eq!(Jsonp::new("1];alert(2)//"), Jsonp::new("12"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jsonp(String);

impl Jsonp {
    /// The digits in `j`; everything else in it is ignored, so that it can't become code.
    pub fn new(j: &str) -> Self {
        Self(j.chars().filter(char::is_ascii_digit).collect())
    }

    /// An answer: `___eio[0]("payload");`.
    ///
    /// ```
    /// use madang_engineio::proto::Jsonp;
    ///
    /// let script = Jsonp::new("0").script("4a\u{2028}\"b");
    /// assert_eq!(&script[..], br#"___eio[0]("4a\u2028\"b");"#);
    /// ```
    pub fn script(&self, payload: &str) -> Bytes {
        let json = serde_json::to_string(payload).unwrap_or_default();
        // Line ends to a script, though not to JSON.
        let json = json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
        format!("___eio[{}]({json});", self.0).into()
    }

    /// The payload in the `d` of a form. Forms turn a line feed into two characters, so the client doubles the backslash before an `n`, and
    /// a lone `\n` is a line feed.
    ///
    /// ```
    /// use madang_engineio::proto::Jsonp;
    ///
    /// assert_eq!(Jsonp::payload(r"4one\n4two"), "4one\n4two"); // a line feed
    /// assert_eq!(Jsonp::payload(r"4a\\n"), r"4a\n"); // a backslash and an n
    /// ```
    pub fn payload(d: &str) -> String {
        let mut out = String::with_capacity(d.len());
        let mut rest = d;
        while let Some(at) = rest.find('\\') {
            out.push_str(&rest[..at]);
            let after = &rest[at..];
            rest = if let Some(after) = after.strip_prefix("\\\\n") {
                out.push_str("\\n");
                after
            } else if let Some(after) = after.strip_prefix("\\n") {
                out.push('\n');
                after
            } else {
                out.push('\\');
                &after[1..]
            };
        }
        out.push_str(rest);
        out
    }
}
