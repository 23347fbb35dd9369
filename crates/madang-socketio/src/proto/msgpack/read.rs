//! A deserializer of one value, which reads what the same value in JSON would be read as.

use super::token::{Broken, Token, Tokens, iso};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;
use std::fmt;

/// Values within values that are read, as serde_json does: reading recurses.
const MAX_DEPTH: u8 = 128;

/// Why a value can't be read.
#[derive(Debug)]
pub(in super::super) struct ItemError(Box<str>);

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ItemError {}

impl Error for ItemError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string().into())
    }
}

impl From<Broken> for ItemError {
    fn from(_: Broken) -> Self {
        Self("this isn't msgpack".into())
    }
}

/// One argument.
pub(in super::super) struct Item<'de> {
    tokens: Tokens<'de>,
    depth: u8,
}

impl<'de> Item<'de> {
    pub(in super::super) fn new(bytes: &'de [u8]) -> Self {
        Self {
            tokens: Tokens::new(bytes),
            depth: 0,
        }
    }

    /// Something within the value.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, ItemError>) -> Result<T, ItemError> {
        if self.depth == MAX_DEPTH {
            return Err(ItemError::custom("recursion limit exceeded"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn array<V: Visitor<'de>>(&mut self, len: u32, visitor: V) -> Result<V::Value, ItemError> {
        self.deeper(|item| {
            let mut within = Within { item, left: len };
            let value = visitor.visit_seq(&mut within)?;
            within.end()?;
            Ok(value)
        })
    }

    fn map<V: Visitor<'de>>(&mut self, len: u32, visitor: V) -> Result<V::Value, ItemError> {
        self.deeper(|item| {
            let mut within = Within { item, left: len };
            let value = visitor.visit_map(&mut within)?;
            within.end()?;
            Ok(value)
        })
    }
}

impl<'de> Deserializer<'de> for &mut Item<'de> {
    type Error = ItemError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ItemError> {
        match self.tokens.next()? {
            Token::Nil => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Unsigned(value) => visitor.visit_u64(value),
            Token::Signed(value) => visitor.visit_i64(value),
            Token::Float(value) => visitor.visit_f64(value),
            Token::Text(value) => visitor.visit_borrowed_str(value),
            Token::Bytes(value) => visitor.visit_borrowed_bytes(value),
            Token::Date(value) => visitor.visit_string(iso(value)),
            Token::Array(len) => self.array(len, visitor),
            Token::Map(len) => self.map(len, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ItemError> {
        if self.tokens.is_nil() {
            self.tokens.next()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ItemError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ItemError> {
        match self.tokens.next()? {
            Token::Text(name) => visitor.visit_enum(name.into_deserializer()),
            Token::Map(1) => self.deeper(|item| visitor.visit_enum(Variant(item))),
            _ => Err(ItemError::custom("expected a string or an object of one field")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ItemError> {
        self.tokens.skip(1)?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

/// What is left of an array or a map.
struct Within<'a, 'de> {
    item: &'a mut Item<'de>,
    left: u32,
}

impl Within<'_, '_> {
    /// Everything has been read: nobody asked for fewer.
    fn end(&self) -> Result<(), ItemError> {
        match self.left {
            0 => Ok(()),
            left => Err(ItemError::custom(format_args!("{left} too many"))),
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Within<'_, 'de> {
    type Error = ItemError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ItemError> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                seed.deserialize(&mut *self.item).map(Some)
            }
            None => Ok(None),
        }
    }

    /// The message has been checked: so many there are.
    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}

impl<'de> MapAccess<'de> for &mut Within<'_, 'de> {
    type Error = ItemError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ItemError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        let key = match self.item.tokens.next()? {
            Token::Text(key) => Cow::Borrowed(key),
            Token::Unsigned(key) => key.to_string().into(),
            Token::Signed(key) => key.to_string().into(),
            _ => return Err(ItemError::custom("a key must be a string")),
        };
        seed.deserialize(Key(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ItemError> {
        seed.deserialize(&mut *self.item)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}

/// A key: text, which a number may be read from.
struct Key<'de>(Cow<'de, str>);

macro_rules! number {
    ($($method:ident $visit:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ItemError> {
            let number = self.0.parse();
            let number = number.map_err(|_| ItemError::invalid_type(Unexpected::Str(&self.0), &visitor))?;
            visitor.$visit(number)
        })*
    };
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = ItemError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ItemError> {
        match self.0 {
            Cow::Borrowed(key) => visitor.visit_borrowed_str(key),
            Cow::Owned(key) => visitor.visit_string(key),
        }
    }

    number! {
        deserialize_bool visit_bool deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32
        deserialize_i64 visit_i64 deserialize_i128 visit_i128 deserialize_u8 visit_u8 deserialize_u16 visit_u16
        deserialize_u32 visit_u32 deserialize_u64 visit_u64 deserialize_u128 visit_u128 deserialize_f32 visit_f32
        deserialize_f64 visit_f64
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ItemError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ItemError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ItemError> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// An enum as an object of one field: the variant's name, and what it holds.
struct Variant<'a, 'de>(&'a mut Item<'de>);

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = ItemError;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), ItemError> {
        let name = seed.deserialize(&mut *self.0)?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = ItemError;

    fn unit_variant(self) -> Result<(), ItemError> {
        serde::Deserialize::deserialize(self.0)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ItemError> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, ItemError> {
        self.0.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ItemError> {
        self.0.deserialize_any(visitor)
    }
}
