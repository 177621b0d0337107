//! Programs that nobody would write: cut, changed, made of any bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use syslet_abi::{AskRepr, Atom, AtomRepr, Call, Glance, Kind, Program, ProgramRepr};

use crate::program::{bytes, rich};
use crate::sample::{LIMITS, poked, with_own_len};

/// The same program, written anew from what can be read of it.
fn written_again(program: &Program<'_>) -> Vec<u8> {
    let (given, registers) = (program.register_count(), program.registers());
    let asked: Vec<Vec<AskRepr<'_>>> = program.atoms().map(|atom| asks(atom.own())).collect();
    let args: Vec<Vec<u64>> = program
        .atoms()
        .map(|atom| (0..atom.own().argc()).map(|index| atom.raw_arg(index)).collect())
        .collect();
    let atoms = program.atoms().zip(&asked).zip(&args).map(|((atom, attributes), args)| AtomRepr {
        kind: if atom.is_call() { Kind::CALL } else { Kind::STEP },
        flags: atom.flags(),
        nr: atom.step().0,
        kinds: atom.kinds(),
        args,
        test: atom.test(),
        operand: atom.operand(),
        then: atom.then(),
        otherwise: atom.otherwise(),
        attributes,
    });
    bytes(&ProgramRepr {
        flags: program.flags(),
        user_data: program.user_data(),
        registers: &registers[..given],
        budget: program.budget(),
        out_len: u32::try_from(program.out_len()).expect("32 bits"),
        scratch_len: u32::try_from(program.scratch_len()).expect("32 bits"),
        attributes: &asks(program.head()),
        atoms: &atoms.collect::<Vec<_>>(),
    })
}

fn asks(call: Call<'_>) -> Vec<AskRepr<'_>> {
    call.asks().map(|ask| AskRepr { id: ask.id, flags: ask.flags, payload: ask.payload }).collect()
}

/// ABI-92: no truncation of a sound program is one.
#[test]
fn truncated_programs_are_refused() {
    let record = rich();
    for end in 0..record.len() {
        assert!(Program::check(&record[..end], &LIMITS).is_err(), "cut at {end}");
        if end >= 4 {
            assert!(Program::check(&with_own_len(record[..end].to_vec()), &LIMITS).is_err(), "cut at {end}");
        }
    }
}

/// ABI-92: a record with any bit changed is refused, or another program: what can be read of it is all that it says.
#[test]
fn there_is_one_encoding() {
    let record = rich();
    let mut accepted = 0;
    for (at, bit) in (0..record.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let changed = poked(&record, at, &[record[at] ^ 1 << bit]);
        if let Ok(program) = Program::check(&changed, &LIMITS) {
            assert_eq!(written_again(&program), changed, "bit {bit} of byte {at}");
            accepted += 1;
        }
    }
    assert!(accepted > 100, "{accepted}");
}

/// ABI-93: the atoms of a refused program are found, and the fields in which faults are have their names.
#[test]
fn refused_programs_are_looked_at() {
    let record = rich();
    let glance = Glance::of(&record).expect("its atoms can be found");
    let sound = Program::check(&record, &LIMITS).expect("it is sound");
    assert_eq!((glance.data(), glance.area_len()), (sound.head().data(), 72));
    assert!(glance.registers().eq([5]));
    let found = |record: &[u8]| -> Vec<(usize, bool)> {
        let glance = Glance::of(record).expect("its atoms can be found");
        glance.atoms().map(|found| (found.offset, found.atom.is_some())).collect()
    };
    assert!(found(&record).into_iter().eq(sound.atoms().map(|atom| (atom.offset(), true))));
    let second = sound.atoms().nth(1).expect("there is one").offset();
    for (at, byte, all, readable) in
        [(20, 7, 9, 8), (20, 4, 9, 8), (22, 99, 9, 9), (4, 9, 2, 1), (0, 1, 2, 1)]
    {
        let found = found(&poked(&record, second + at, &[byte]));
        let counted = found.iter().filter(|(_, is_readable)| *is_readable).count();
        assert_eq!((found.len(), counted), (all, readable), "{byte} at {at}");
        assert_eq!(found[1].0, second);
    }
    for (at, byte) in [(4, 2), (20, 17), (21, 17), (45, 255)] {
        assert!(Glance::of(&poked(&record, at, &[byte])).is_none(), "{byte} at {at}");
    }
    assert!(Glance::of(&record[..31]).is_none());
    let layouts = crate::layout::all();
    let atom = layouts.iter().find(|layout| layout.name == "syslet_atom").expect("it is there");
    for field in &atom.fields {
        for at in field.offset..field.offset + field.bytes {
            assert_eq!(Atom::field(at), Some(&*field.name), "byte {at}");
        }
    }
    assert_eq!(Atom::field(32), None);
}

proptest! {
    /// ABI-92: whatever bytes stand where, the check ends, and what it accepts can be read.
    #[test]
    fn hostile_bytes_are_refused_or_read(pokes in vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6)) {
        let mut record = rich();
        for (at, byte) in pokes {
            let at = at.index(record.len());
            record[at] = byte;
        }
        if let Ok(program) = Program::check(&record, &LIMITS) {
            let atoms: Vec<_> = program.atoms().collect();
            prop_assert_eq!(atoms.len(), program.atom_count());
            for atom in &atoms {
                let _read = (atom.flags(), atom.test(), atom.operand(), atom.then(), atom.otherwise(), atom.step());
                let _more = (0..8).map(|index| atom.value(index).value).sum::<u64>() ^ atom.own().asks().count() as u64;
            }
            let end = atoms.last().map_or(0, |atom| atom.offset() + atom.len());
            prop_assert_eq!(end, record.len());
        }
        if let Some(glance) = Glance::of(&record) {
            for atom in glance.atoms().filter_map(|found| found.atom) {
                let _read = (0..6).map(|index| atom.raw_arg(index)).fold(0, u64::wrapping_add);
            }
            prop_assert!(glance.atoms().all(|found| found.offset <= record.len()));
        }
    }

    /// ABI-92: bytes that nobody has written are refused or read as well.
    #[test]
    fn random_bytes_are_refused_or_read(bytes in vec(any::<u8>(), 0..200)) {
        let mut record = with_own_len([&[0; 8], &bytes[..bytes.len() / 8 * 8]].concat());
        record[4..6].copy_from_slice(&Kind::SYSLET.0.to_ne_bytes());
        if let Ok(program) = Program::check(&record, &LIMITS) {
            prop_assert_eq!(program.atoms().count(), program.atom_count());
        }
    }
}
