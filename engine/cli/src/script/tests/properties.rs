//! Properties of every script, with drawn ones.

use proptest::prelude::*;

use super::{compiled_whole, groups, source};
use crate::script::group::syntax::GROUP_WORDS;
use crate::script::parse::parse;
use crate::script::reserved::RESERVED;
use crate::script::source::{Span, Spanned};
use crate::script::statement::{Body, Statement};
use crate::script::syntax::{
    After, Argument, Attribute, Call, Choice, Field, Operand, Parameter, Part, Piece, Setting, Term, Text,
    Unit, Value, View, Width,
};

pub(super) fn at<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Span::default())
}

pub(super) fn word() -> impl Strategy<Value = String> {
    let free = |word: &String| {
        let is_reserved = RESERVED.iter().chain(&GROUP_WORDS).any(|reserved| reserved == word);
        !is_reserved && Width::named(word).is_none()
    };
    "[a-zA-Z_][a-zA-Z0-9_]{0,8}".prop_filter("a word of the language", free)
}

fn integer() -> impl Strategy<Value = i128> {
    prop_oneof![any::<i64>().prop_map(i128::from), any::<u64>().prop_map(i128::from)]
}

fn parameter() -> impl Strategy<Value = Parameter> {
    prop_oneof![(1u32..1000).prop_map(Parameter::Number), Just(Parameter::Each), Just(Parameter::Count)]
}

pub(super) fn value() -> impl Strategy<Value = Value> {
    let term = prop_oneof![
        integer().prop_map(Term::Integer),
        word().prop_map(Term::Word),
        parameter().prop_map(Term::Parameter),
        text().prop_map(Term::Length)
    ];
    prop::collection::vec(term.prop_map(at), 1..4).prop_map(Value)
}

/// Strings: bytes and parameters by turns, as reading gives them.
fn text() -> impl Strategy<Value = Text> {
    let bytes = prop::collection::vec(any::<u8>(), 1..6);
    (prop::collection::vec((bytes.clone(), parameter()), 0..3), prop::option::of(bytes)).prop_map(
        |(pairs, last)| {
            let pairs = pairs
                .into_iter()
                .flat_map(|(bytes, parameter)| [at(Piece::Bytes(bytes)), at(Piece::Parameter(parameter))]);
            Text(pairs.chain(last.map(|bytes| at(Piece::Bytes(bytes)))).collect())
        },
    )
}

fn width() -> impl Strategy<Value = Width> {
    (0..Width::ALL.len()).prop_map(|index| Width::ALL[index].1)
}

pub(super) fn view() -> impl Strategy<Value = View> {
    (width(), word(), value()).prop_map(|(width, of, offset)| View {
        width,
        of: at(of),
        offset: at(Box::new(offset)),
    })
}

fn field() -> impl Strategy<Value = Field> {
    prop_oneof![
        text().prop_map(Field::Text),
        (width(), value()).prop_map(|(width, value)| Field::Number(width, Operand::Value(value))),
        (width(), view()).prop_map(|(width, view)| Field::Number(width, Operand::View(view))),
        (width(), part_of()).prop_map(|(width, part)| Field::Number(width, Operand::Part(part))),
        (width(), bit()).prop_map(|(width, of)| Field::Number(width, Operand::Bit(of))),
    ]
}

fn part_of() -> impl Strategy<Value = Part> {
    (word(), value()).prop_map(|(of, offset)| Part { of: at(of), offset: at(offset) })
}

/// The operand of a bit: a name or a view.
fn bit() -> impl Strategy<Value = Box<Operand>> {
    let name = word().prop_map(|word| Operand::Value(Value(vec![at(Term::Word(word))])));
    prop_oneof![name, view().prop_map(Operand::View)].prop_map(Box::new)
}

fn argument() -> impl Strategy<Value = Argument> {
    prop_oneof![
        value().prop_map(Argument::Value),
        text().prop_map(Argument::Text),
        value().prop_map(|size| Argument::Out(at(size))),
        view().prop_map(Argument::View),
        prop::collection::vec(field().prop_map(at), 1..4).prop_map(Argument::Pack),
        part_of().prop_map(Argument::Part),
        bit().prop_map(Argument::Bit),
    ]
}

fn choice() -> impl Strategy<Value = Choice> {
    let unit = (0..Unit::ALL.len()).prop_map(|index| Unit::ALL[index]);
    let setting = prop_oneof![
        integer().prop_map(Setting::Number),
        (0u64..1 << 32, unit).prop_map(|(count, unit)| Setting::Quantity(count, unit)),
        word().prop_map(Setting::Word),
        text().prop_map(Setting::Text),
    ];
    (prop::option::of(word()), setting).prop_map(|(key, value)| Choice { key: key.map(at), value: at(value) })
}

pub(super) fn attribute() -> impl Strategy<Value = Attribute> {
    (word(), any::<bool>(), prop::collection::vec(choice(), 0..3))
        .prop_map(|(name, required, options)| Attribute { name: at(name), required, options })
}

pub(super) fn after() -> impl Strategy<Value = After> {
    (word(), any::<bool>()).prop_map(|(name, whatever)| After { name: at(name), whatever })
}

pub(super) fn call() -> impl Strategy<Value = Call> {
    let arguments = prop::collection::vec(argument().prop_map(at), 0..4);
    let after = prop::collection::vec(after(), 0..3);
    (word(), arguments, after, prop::collection::vec(attribute(), 0..3)).prop_map(
        |(name, arguments, after, attributes)| Call { name: at(name), arguments, after, attributes },
    )
}

fn statement() -> impl Strategy<Value = Statement> {
    let call = (prop::option::of(word()), call()).prop_map(|(name, call)| Statement {
        name: name.map(at),
        body: Body::Call(call),
        line: 1,
    });
    let holds = prop_oneof![
        text().prop_map(Argument::Text),
        prop::collection::vec(field().prop_map(at), 1..4).prop_map(Argument::Pack),
    ];
    let buffer = (word(), value(), prop::option::of(holds)).prop_map(|(name, size, holds)| Statement {
        name: Some(at(name)),
        body: Body::Buffer { size: at(size), holds: holds.map(at) },
        line: 1,
    });
    let default = prop::collection::vec(attribute(), 1..3).prop_map(|attributes| Statement {
        name: None,
        body: Body::Default(attributes),
        line: 1,
    });
    prop_oneof![4 => call, 1 => buffer, 1 => default, 2 => groups::group()]
}

proptest! {
    /// SCRIPT-5: a tree that is printed and read again is the same tree.
    #[test]
    fn printing_and_reading(statement in statement()) {
        let text = statement.to_string();
        let read = parse(&source(&text)).map_err(|faults| TestCaseError::fail(format!("{text}: {}", faults[0].message)))?;
        prop_assert_eq!(read, vec![statement], "{}", text);
    }

    /// SCRIPT-5: any text ends with a plan or an error that can be shown.
    #[test]
    fn any_text(text in any::<String>()) {
        ends(&text)?;
    }

    /// SCRIPT-5: so does text made of a script's own parts.
    #[test]
    fn text_of_parts(parts in prop::collection::vec(part(), 0..24)) {
        ends(&parts.concat())?;
    }

    /// SCRIPT-5: so does a script of which bytes were lost.
    #[test]
    fn damaged_scripts(statement in statement(), cut in any::<prop::sample::Index>(), len in 0usize..4) {
        let text: Vec<char> = statement.to_string().chars().collect();
        let from = cut.index(text.len());
        let damaged: String = text[..from].iter().chain(text.iter().skip(from + len)).collect();
        ends(&damaged)?;
    }
}

fn part() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "fd",
        " = ",
        "read",
        "close",
        "openat",
        "(",
        ")",
        ", ",
        "\"",
        "\\x",
        "${1}",
        "$@",
        "$#",
        "out(8)",
        "pack(",
        "i32 ",
        "i32(",
        "buffer(8)",
        "\n",
        "#",
        "@timing",
        "!",
        "after ",
        "0x",
        "-1",
        "5ms",
        "|",
        "O_RDONLY",
        "é",
        "syslet ",
        "syslet {\n",
        "{\n",
        "}",
        "loop {\n",
        "if n < 0 {\n",
        "else ",
        "finally {\n",
        "together {\n",
        "stop if fd ",
        "break\n",
        "n += 1\n",
        "n = read(0, out(8), 8)\n",
        "a = area(8)\n",
        "errno(n, EIO)",
        "read(0, a + n, 1)\n",
        " + ",
        "1 << ",
        "= pack(",
        "\ndefault @timing\n",
        "length(\"",
    ])
}

/// Checks that compiling ends, and that an error lies within the text and can be shown.
fn ends(text: &str) -> Result<(), TestCaseError> {
    for error in compiled_whole(text, &["a", "5"]).err().into_iter().flatten() {
        prop_assert!(text.get(error.span.range()).is_some(), "{:?} is no part of {:?}", error.span, text);
        let shown = error.render(&source(text), &annotate_snippets::Renderer::plain());
        prop_assert!(shown.contains("error: "), "{}", shown);
    }
    Ok(())
}
