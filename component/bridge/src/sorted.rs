//! A map with text keys, kept as one sorted list.
//!
//! The library's tree is compiled anew for each kind of value, several kilobytes a time, and the component has to be
//! small. Here only a pointer moves, so that the code is the same for all, and long lists stay cheap to insert into.

use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A map with text keys, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorted<V>(Vec<(String, Box<V>)>);

impl<V> Default for Sorted<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Sorted<V> {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a key is, or where it would be.
    fn place(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(own, _)| order(own, key))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.0.get(self.place(key).ok()?).map(|(_, value)| &**value)
    }

    /// Whether there is such a key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.place(key).is_ok()
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: String, value: V) {
        let value = Box::new(value);
        // What is in order already is only appended.
        if self.0.last().is_none_or(|(last, _)| order(last, &key).is_lt()) {
            self.0.push((key, value));
            return;
        }
        match self.place(&key) {
            Ok(at) => {
                if let Some(own) = self.0.get_mut(at) {
                    own.1 = value;
                }
            }
            Err(at) => self.0.insert(at, (key, value)),
        }
    }

    /// Sets the value of a key that is not there yet.
    pub fn insert_new(&mut self, key: String, value: V) {
        if let Err(at) = self.place(&key) {
            self.0.insert(at, (key, Box::new(value)));
        }
    }

    /// The value of a key, made if it is not there.
    pub fn or_default(&mut self, key: &str) -> Option<&mut V>
    where
        V: Default,
    {
        let at = self.place(key).unwrap_or_else(|at| {
            self.0.insert(at, (key.to_owned(), Box::default()));
            at
        });
        self.0.get_mut(at).map(|(_, value)| &mut **value)
    }

    /// Keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.0.iter().map(|(key, value)| (key.as_str(), &**value))
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| &**value)
    }

    /// The values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| &mut **value)
    }

    /// The values from one key on, up to another one.
    pub fn between(&self, from: &str, to: &str) -> impl Iterator<Item = &V> {
        let begin = self.place(from).unwrap_or_else(|at| at);
        let end = self.place(to).unwrap_or_else(|at| at);
        self.0.get(begin..end).unwrap_or_default().iter().map(|(_, value)| &**value)
    }

    /// Keeps what passes.
    pub fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        self.0.retain(|(_, value)| keep(value));
    }

    /// Takes off everything from a key on.
    pub fn split_off(&mut self, key: &str) -> Self {
        let at = self.place(key).unwrap_or_else(|at| at);
        Self(self.0.split_off(at))
    }
}

/// The order of two texts. Keys are long and begin alike, and WebAssembly compares byte by byte: here eight are compared at
/// a time.
fn order(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let number = |bytes: &[u8; 8]| u64::from_be_bytes(*bytes);
    let pairs = one.as_chunks().0.iter().zip(other.as_chunks().0);
    let differing = pairs.map(|(one, other)| number(one).cmp(&number(other))).find(|order| order.is_ne());
    // What is left of the shorter one, together with bytes before it that are alike.
    let last = |text: &[u8]| text.get(..one.len().min(other.len()))?.last_chunk().map(number);
    differing.unwrap_or_else(|| match (last(one), last(other)) {
        (Some(last), Some(other_last)) => last.cmp(&other_last).then(one.len().cmp(&other.len())),
        _ => one.cmp(other),
    })
}

impl<V> Extend<(String, V)> for Sorted<V> {
    fn extend<I: IntoIterator<Item = (String, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

impl<V> FromIterator<(String, V)> for Sorted<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(pairs: I) -> Self {
        let mut sorted = Self::default();
        sorted.extend(pairs);
        sorted
    }
}

impl<V> IntoIterator for Sorted<V> {
    type Item = (String, V);
    type IntoIter = std::iter::Map<std::vec::IntoIter<(String, Box<V>)>, fn((String, Box<V>)) -> (String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|(key, value)| (key, *value))
    }
}

impl<V: Serialize> Serialize for Sorted<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Sorted<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Read<V> {
            type Value = Sorted<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sorted<V>, A::Error> {
                let mut sorted = Sorted::default();
                while let Some((key, value)) = map.next_entry::<String, V>()? {
                    sorted.insert(key, value);
                }
                Ok(sorted)
            }
        }
        deserializer.deserialize_map(Read(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Sorted, order};

    fn of(pairs: &[(&str, u32)]) -> Sorted<u32> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect()
    }

    #[test]
    fn keys_are_in_order_and_the_last_value_counts() {
        let mut sorted = of(&[("b", 1), ("a", 2), ("c", 3), ("b", 4)]);
        assert_eq!(sorted.iter().collect::<Vec<_>>(), [("a", &2), ("b", &4), ("c", &3)]);
        sorted.insert_new("b".to_owned(), 9);
        sorted.insert_new("d".to_owned(), 5);
        *sorted.or_default("a").unwrap() += 1;
        assert_eq!(sorted.or_default("e"), Some(&mut 0));
        assert_eq!(sorted.into_iter().map(|(_, value)| value).collect::<Vec<_>>(), [3, 4, 3, 5, 0]);
    }

    #[test]
    fn a_part_begins_at_its_first_key_and_ends_before_its_last() {
        let mut sorted = of(&[("a", 1), ("b", 2), ("c", 3)]);
        assert_eq!(sorted.between("a", "c").collect::<Vec<_>>(), [&1, &2]);
        assert_eq!(sorted.between("aa", "zz").collect::<Vec<_>>(), [&2, &3]);
        assert_eq!(sorted.between("c", "a").count(), 0);
        assert_eq!(sorted.split_off("b"), of(&[("b", 2), ("c", 3)]));
        sorted.retain(|value| *value > 1);
        assert!(sorted.is_empty());
    }

    proptest! {
        #[test]
        fn texts_have_the_order_of_their_bytes(
            beginning in "[a-z:é]{0,20}",
            ends in prop::array::uniform2("[a-c\\PC]{0,20}"),
        ) {
            let [one, other] = ends.map(|end| format!("{beginning}{end}"));
            prop_assert_eq!(order(&one, &other), one.cmp(&other));
        }
    }

    #[test]
    fn it_is_a_map_in_the_store() {
        let sorted = of(&[("b", 1), ("a", 2)]);
        let text = serde_json::to_string(&sorted).unwrap();
        assert_eq!(text, r#"{"a":2,"b":1}"#);
        assert_eq!(serde_json::from_str::<Sorted<u32>>(r#"{"b":1,"a":2}"#).unwrap(), sorted);
    }
}
