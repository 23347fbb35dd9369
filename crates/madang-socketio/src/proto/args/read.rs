//! Arguments as one value: a tuple takes several, anything else the first.

#[cfg(feature = "msgpack")]
use super::super::msgpack::Item;
use super::attachments::Attached;
use super::{Args, Raw, ReadError};
use serde::de::value::UnitDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, SeqAccess, Visitor};

/// The length of a tuple that takes all there are.
pub(super) const ALL: usize = usize::MAX;

pub(super) fn read<T: DeserializeOwned>(args: &Args) -> Result<T, ReadError> {
    T::deserialize(Top { args })
}

/// All arguments.
struct Top<'de> {
    args: &'de Args,
}

/// One argument, by its index.
struct One<'de> {
    args: &'de Args,
    index: usize,
}

/// Calls the same method on the deserializer of the argument, or of `null` if it's missing.
macro_rules! of_argument {
    ($self:ident, $visitor:ident, |$deserializer:ident| $call:expr) => {
        match &$self.args.0 {
            Raw::Json {
                text,
                items,
                attachments,
            } => match items.get($self.index) {
                Some(range) => {
                    let text = &text[range.start as usize..range.end as usize];
                    let mut json = serde_json::Deserializer::from_str(text);
                    let result = match attachments {
                        Some(attachments) => {
                            let $deserializer = Attached::new(&mut json, attachments);
                            $call
                        }
                        None => {
                            let $deserializer = &mut json;
                            $call
                        }
                    };
                    result.map_err(|error| $self.wrong(&error))
                }
                None => {
                    let $deserializer = UnitDeserializer::<ReadError>::new();
                    $call.map_err(|_| $self.missing())
                }
            },
            #[cfg(feature = "msgpack")]
            Raw::Msgpack { bytes, items } => match items.get($self.index) {
                Some(range) => {
                    let bytes = &bytes[range.start as usize..range.end as usize];
                    let mut item = Item::new(bytes);
                    let $deserializer = &mut item;
                    $call.map_err(|error| $self.wrong(&error))
                }
                None => {
                    let $deserializer = UnitDeserializer::<ReadError>::new();
                    $call.map_err(|_| $self.missing())
                }
            },
        }
    };
}

impl<'de> One<'de> {
    fn wrong(&self, error: &dyn std::fmt::Display) -> ReadError {
        ReadError(format!("argument {}: {error}", self.index + 1))
    }

    /// The text of an argument that is text without escapes, which has been found to be JSON: there is nothing to be made of it.
    fn plain(&self) -> Option<&'de str> {
        match &self.args.0 {
            Raw::Json { text, items, .. } => {
                let range = items.get(self.index)?;
                let inner = text[range.start as usize..range.end as usize].strip_prefix('"')?;
                let inner = inner.strip_suffix('"')?;
                memchr::memchr(b'\\', inner.as_bytes()).is_none().then_some(inner)
            }
            #[cfg(feature = "msgpack")]
            Raw::Msgpack { .. } => None,
        }
    }

    fn missing(&self) -> ReadError {
        ReadError(format!("argument {} is missing", self.index + 1))
    }
}

macro_rules! forward {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            of_argument!(self, visitor, |deserializer| deserializer.$method(visitor))
        })*
    };
}

impl<'de> Deserializer<'de> for One<'de> {
    type Error = ReadError;

    forward! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_byte_buf deserialize_option deserialize_unit deserialize_seq deserialize_map deserialize_identifier
        deserialize_ignored_any
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.plain() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => of_argument!(self, visitor, |deserializer| deserializer
                .deserialize_string(visitor)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        of_argument!(self, visitor, |deserializer| deserializer
            .deserialize_unit_struct(name, visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        of_argument!(self, visitor, |deserializer| deserializer
            .deserialize_newtype_struct(name, visitor))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ReadError> {
        of_argument!(self, visitor, |deserializer| deserializer
            .deserialize_tuple(len, visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        of_argument!(self, visitor, |deserializer| deserializer
            .deserialize_tuple_struct(name, len, visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        of_argument!(self, visitor, |deserializer| deserializer
            .deserialize_struct(name, fields, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        of_argument!(self, visitor, |deserializer| deserializer
            .deserialize_enum(name, variants, visitor))
    }
}

impl<'de> Top<'de> {
    fn first(self) -> One<'de> {
        One {
            args: self.args,
            index: 0,
        }
    }

    fn several<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ReadError> {
        let len = if len == ALL { self.args.len() } else { len };
        visitor.visit_seq(Several {
            args: self.args,
            next: 0,
            len,
        })
    }
}

macro_rules! of_first {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            self.first().$method(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Top<'de> {
    type Error = ReadError;

    of_first! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option deserialize_seq deserialize_map
        deserialize_identifier deserialize_ignored_any
    }

    /// `()` wants nothing.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.first().deserialize_unit_struct(name, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.first().deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.several(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.several(len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.first().deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.first().deserialize_enum(name, variants, visitor)
    }
}

struct Several<'de> {
    args: &'de Args,
    next: usize,
    len: usize,
}

impl<'de> SeqAccess<'de> for Several<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        if self.next >= self.len {
            return Ok(None);
        }
        let one = One {
            args: self.args,
            index: self.next,
        };
        self.next += 1;
        seed.deserialize(one).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some((self.len - self.next).min(self.args.len()))
    }
}
