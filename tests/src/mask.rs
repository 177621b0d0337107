//! Tells code from comments and strings, just well enough that a word in one is not taken for the other.

/// What a byte of Rust source belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Code,
    Comment,
    Literal,
}

/// The source with comments and literals blanked. Line breaks stay, so line numbers do.
#[must_use]
pub fn code(source: &str) -> String {
    keep(source, &[Part::Code])
}

/// The source with literals blanked.
#[must_use]
pub fn code_and_comments(source: &str) -> String {
    keep(source, &[Part::Code, Part::Comment])
}

/// The source with comments blanked.
#[must_use]
pub fn code_and_literals(source: &str) -> String {
    keep(source, &[Part::Code, Part::Literal])
}

/// The source with everything blanked but comments.
#[must_use]
pub fn comments(source: &str) -> String {
    keep(source, &[Part::Comment])
}

/// Whether `word` stands in `line` with no letter, digit or underscore beside it.
#[must_use]
pub fn has_word(line: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(part_of_word) && !line[at + word.len()..].starts_with(part_of_word)
    })
}

fn keep(source: &str, wanted: &[Part]) -> String {
    let parts = classify(source.as_bytes());
    source
        .char_indices()
        .map(|(at, c)| if c == '\n' || wanted.contains(&parts[at]) { c } else { ' ' })
        .collect()
}

fn classify(source: &[u8]) -> Vec<Part> {
    let mut parts = vec![Part::Code; source.len()];
    let mut at = 0;
    while at < source.len() {
        let rest = &source[at..];
        let (part, len) = if rest.starts_with(b"//") {
            (Part::Comment, rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()))
        } else if rest.starts_with(b"/*") {
            (Part::Comment, block_comment(rest))
        } else if let Some(len) = raw_string(rest).filter(|_| !continues_word(source, at)) {
            (Part::Literal, len)
        } else if rest[0] == b'"' {
            (Part::Literal, quoted(rest, b'"'))
        } else if rest[0] == b'\'' && is_char_literal(rest) {
            (Part::Literal, quoted(rest, b'\''))
        } else {
            (Part::Code, 1)
        };
        parts[at..at + len].fill(part);
        at += len;
    }
    parts
}

/// Whether the byte before `at` belongs to a word, so that an `r` or `b` there begins no string.
fn continues_word(source: &[u8], at: usize) -> bool {
    at > 0 && (source[at - 1].is_ascii_alphanumeric() || source[at - 1] == b'_')
}

/// The length of a block comment; they nest.
fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (1, 2);
    while depth > 0 && at < rest.len() {
        let step = match &rest[at..rest.len().min(at + 2)] {
            b"/*" => 1,
            b"*/" => -1,
            _ => 0,
        };
        depth += step;
        at += if step == 0 { 1 } else { 2 };
    }
    at.min(rest.len())
}

/// The length of `r"…"`, `r#"…"#`, `br"…"` or `cr"…"`, if one begins here.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let prefix = if rest.starts_with(b"r") { 1 } else { 2 };
    if prefix == 2 && !rest.starts_with(b"br") && !rest.starts_with(b"cr") {
        return None;
    }
    let hashes = rest[prefix..].iter().take_while(|&&byte| byte == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let body = &rest[open + 1..];
    let end = body.windows(close.len()).position(|window| window == close);
    Some(end.map_or(rest.len(), |end| open + 1 + end + close.len()))
}

/// The length of a literal that ends at the next `quote` without a backslash before it.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// Tells `'a'` and `'\n'` from the lifetime `'a`.
fn is_char_literal(rest: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&rest[1..rest.len().min(12)]).into_owned();
    let mut chars = text.chars();
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

#[test]
fn comments_and_literals_are_blanked() {
    let source =
        "let a = \"unsafe \\\" x\"; // unsafe\nlet b = r#\"unsafe \" x\"#; /* unsafe /* x */ unsafe */ end\n";
    let code = code(source);
    assert!(!has_word(&code, "unsafe"), "{code}");
    assert!(has_word(&code, "end"), "{code}");
    assert_eq!(code.lines().count(), 2);
    assert!(has_word(&code_and_comments(source), "unsafe"));
}

#[test]
fn quotes_in_characters_and_lifetimes_begin_no_string() {
    let code = code("fn f<'a>(x: &'a str) { g('\"', '\\'', b'\"', 'é'); unsafe { h(x) } }");
    assert!(has_word(&code, "unsafe"), "{code}");
    assert!(!code.contains('é'), "{code}");
}

#[test]
fn a_raw_identifier_and_a_word_that_ends_in_r_begin_no_raw_string() {
    let code = code("let r#type = 1; let bar = var\"x\"; end");
    assert!(has_word(&code, "end") && code.contains("type"), "{code}");
}

#[test]
fn a_word_is_bounded_by_what_is_no_letter() {
    assert!(has_word("unsafe{", "unsafe") && has_word("(unsafe", "unsafe"));
    assert!(!has_word("#![allow(unsafe_code)]", "unsafe") && !has_word("not_unsafe", "unsafe"));
}
