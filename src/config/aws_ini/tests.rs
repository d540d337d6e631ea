use proptest::prelude::*;

use super::*;

fn headings(text: &str) -> Vec<String> {
    Document::parse(text.to_owned()).sections().map(|section| section.heading().to_string()).collect()
}

#[test]
fn the_default_section_is_one_to_whoever_parts_words_at_any_blank() {
    for (heading, expected) in [
        ("[default]", true),
        ("[profile default]", true),
        ("[profile\u{a0}default]", true),
        ("[profile\u{2003}DEFAULT ]", true),
        ("[profile my default]", false),
        ("[services default]", false),
        ("[defaults]", false),
    ] {
        let document = Document::parse(format!("{heading}\na = b\n"));
        assert_eq!(document.sections().next().unwrap().heading().is_default(), expected, "{heading:?}");
    }
}

#[test]
fn a_section_is_found_however_its_name_is_written() {
    for (line, expected) in [
        ("[default]", "default"),
        ("[ default ]", "default"),
        ("\t[default] # mine", "default"),
        ("[default]junk", "default"),
        ("\u{feff}[default]", "default"),
        ("['default']", "default"),
        ("[profile default]", "profile default"),
        ("[profile\tdefault]", "profile default"),
        ("[ profile  \"default\" ]", "profile default"),
        ("[profile 'my prof']", "profile my prof"),
        ("[profile \"my prof\"]", "profile my prof"),
        ("[profile my prof]", "profile my prof"),
        ("[profile it's]", "profile it's"),
        ("[sso-session corp]", "sso-session corp"),
        ("[profile]", "profile"),
        ("[dev]", "dev"),
    ] {
        assert_eq!(headings(&format!("{line}\n")), [expected], "{line}");
    }
    let is_default = |line: &str| Heading::parse(line).is_default();
    for line in ["default", "DEFAULT", "profile default", "profile 'Default'", " default "] {
        assert!(is_default(line), "{line}");
    }
    for line in ["profile default-2", "sso-session default", "my default", "profile"] {
        assert!(!is_default(line), "{line}");
    }
}

#[test]
fn a_key_is_read_as_the_most_permissive_reader_reads_it() {
    let text = "[a]\r\n  Region = x\r\n\taws_key : y ; why\r\ns3 =\r\n  nested = 1\r\n# no = comment\r\nlast = z\r\n  deep = d\r\n  goes on\r\n[b]\nlast=1\rlast = 2 = 3\n";
    let document = Document::parse(text.to_owned());
    let [a, b] = document.sections().collect::<Vec<_>>()[..] else { panic!("two sections") };
    let keys: Vec<(&str, &str)> = a.keys().collect();
    let expected = [("Region", "x"), ("aws_key", "y ; why"), ("s3", ""), ("last", "z"), ("deep", "d")];
    assert_eq!(keys, expected);
    assert_eq!((a.value("REGION"), a.value("nested"), b.value("last")), (Some("x"), None, Some("2 = 3")));
    assert_eq!(a.said().count(), 7, "with the sub-property and the value's second line");
    assert_eq!((without_comment("y ; why"), without_comment("a#b"), without_comment("é #")), ("y", "a#b", "é"));
}

#[test]
fn lines_about_which_readers_disagree_are_told() {
    for (text, is_odd) in [
        ("[a]\nk = v\n[b]\n", false),
        ("  [a]\n  k = v\n  [b]\n", false),
        ("[a]\nk = v\n  [b]\n", true),
        ("[a\nk = v\n", true),
    ] {
        assert_eq!(Document::parse(text.to_owned()).oddity().is_some(), is_odd, "{text:?}");
    }
    assert!(Document::of_bytes(b"[a]\0\n").oddity().is_some());
    assert!(Document::of_bytes(b"[a]\nk = \xff\n").oddity().is_none());
}

#[test]
fn what_is_left_out_takes_what_goes_on_with_it() {
    let table = [
        ("[d]\nx = 1\n  y = 2\nz = 3\n", Some("[d]\nz = 3\n")),
        ("[d]\n  x = 1\n  z = 3\n", Some("[d]\n  z = 3\n")),
        ("[d]\nz = 3\n  x = 1\n", Some("[d]\nz = 3\n")),
        ("[d]\ns3 =\n  x = 1\n  y = 2\n", Some("[d]\ns3 =\n  y = 2\n")),
        ("[d]\nX: 1\n  b\n\n# c\nz = r\n", Some("[d]\n\n# c\nz = r\n")),
        ("[d]\n\t x =1\r\n\tz = 2\r\n", Some("[d]\n\tz = 2\r\n")),
        ("[e]\nx = 1\n[d]\nz = 1\n", None),
    ];
    for (text, expected) in table {
        let document = Document::parse(text.to_owned());
        let kept = document.without(|heading| heading.name == "d", |key| key == "x");
        assert_eq!(kept.as_ref().map(|kept| kept.as_str()), expected, "{text:?}");
    }
}

proptest! {
    #[test]
    fn what_is_not_touched_is_printed_as_it_was(text in "([a-z=:#; \\t\\[\\]'\"\\r\\n\u{feff}é]{0,6}(\n|\r\n|\r)?){0,12}") {
        let document = Document::parse(text.clone());
        let lines: String = document.lines.iter().map(|line| &document.text[line.span.clone()]).collect();
        prop_assert_eq!(&lines, &text);
        prop_assert!(document.without(|_| true, |_| false).is_none());
        for section in document.sections() {
            for (key, value) in section.keys() {
                prop_assert!(text.contains(key) && text.contains(value));
            }
        }
    }
}
