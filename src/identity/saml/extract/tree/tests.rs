use super::*;

fn element(name: &str) -> Element {
    Element { name: name.into(), prefix: None, namespace: None, attributes: Vec::new(), form: None }
}

fn attribute(name: &str, value: String) -> Attribute {
    Attribute { name: name.into(), prefix: None, namespace: None, value: Zeroizing::new(value) }
}

fn names(tree: &Tree) -> String {
    let name = |id| tree.element(id).map(|e| e.name.as_str()).or(tree.text(id)).unwrap_or("?");
    tree.descendants(ROOT).map(name).collect::<Vec<_>>().join(" ")
}

#[test]
fn nodes_keep_document_order_when_they_are_moved() {
    let mut tree = Tree::new();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| tree.create(element(name)));
    tree.append(ROOT, a);
    tree.append(a, b);
    tree.append(a, c);
    tree.insert_before(c, d);
    tree.insert_text_before(c, "x");
    tree.insert_text_before(c, "y");
    assert_eq!(names(&tree), "a b d xy c");
    tree.detach(b);
    tree.move_children(a, b);
    tree.append(a, b);
    assert_eq!(names(&tree), "a b d xy c");
    assert_eq!(tree.descendants(d).count(), 0, "a subtree ends where it ends");
}

#[test]
fn a_full_tree_takes_nothing_more_in() {
    let mut tree = Tree::new();
    for _ in 0..2 * MAX_NODES {
        let id = tree.create(element("p"));
        tree.append(ROOT, id);
    }
    assert!(tree.len() <= MAX_NODES + 1);
    assert_eq!(tree.check().unwrap_err().code, Code::PageTooLarge);
}

#[test]
fn the_value_of_a_formatting_element_can_be_copied_only_so_often() {
    let mut tree = Tree::new();
    for _ in 0..20 {
        let id = tree.create(Element { attributes: vec![attribute("title", "x".repeat(1 << 20))], ..element("b") });
        tree.append(ROOT, id);
    }
    let kept = tree.descendants(ROOT).filter(|id| !tree.element(*id).unwrap().attributes.is_empty()).count();
    assert_eq!(kept, 7);
    assert_eq!(tree.check().unwrap_err().code, Code::PageTooLarge);
}

#[test]
fn text_weighs_more_the_deeper_it_lies() {
    let mut tree = Tree::new();
    let mut at = ROOT;
    for _ in 0..400 {
        let id = tree.create(element("div"));
        tree.append(at, id);
        at = id;
    }
    tree.append_text(at, &"x".repeat(10_000));
    assert!(tree.check_whole().is_ok());
    tree.append_text(at, &"x".repeat(100_000));
    assert_eq!(tree.check_whole().unwrap_err().code, Code::PageTooLarge);
}
