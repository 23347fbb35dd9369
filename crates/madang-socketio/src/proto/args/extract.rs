//! A serializer that puts placeholders where bytes are, and collects the bytes.

use super::super::json::PLACEHOLDER;
use super::buffer::{Buffer, plain};
use bytes::Bytes;
use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use std::cell::{Cell, RefCell};

/// What serializing found.
#[derive(Default)]
pub(super) struct Found<'b> {
    /// Where JSON is written to.
    pub(super) buffer: Option<&'b Buffer>,
    /// In the order in which their placeholders are, depth first.
    pub(super) attachments: RefCell<Vec<Bytes>>,
    pub(super) shape: Cell<Shape>,
    /// Whether bytes stay where they are.
    pub(super) in_place: bool,
}

/// What the outermost value is.
#[derive(Clone, Copy, Default)]
pub(super) enum Shape {
    #[default]
    One,
    /// A tuple.
    Several,
    /// `()`.
    None,
}

/// Something of serde's, whose bytes are taken out.
pub(super) struct Extract<'a, T> {
    inner: T,
    found: &'a Found<'a>,
    outermost: bool,
}

impl<'a, T> Extract<'a, T> {
    pub(super) fn new(inner: T, found: &'a Found<'a>) -> Self {
        Self {
            inner,
            found,
            outermost: true,
        }
    }

    fn within<U>(found: &'a Found<'a>, inner: U) -> Extract<'a, U> {
        Extract {
            inner,
            found,
            outermost: false,
        }
    }

    fn shape(&self, shape: Shape) {
        if self.outermost {
            self.found.shape.set(shape);
        }
    }
}

/// A value as it is when it's serialized within another.
struct Inner<'a, T: ?Sized>(&'a T, &'a Found<'a>);

impl<T: Serialize + ?Sized> Serialize for Inner<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Extract::<S>::within(self.1, serializer))
    }
}

macro_rules! forward {
    ($($method:ident($($name:ident: $type:ty),*))*) => {
        $(fn $method(self, $($name: $type),*) -> Result<S::Ok, S::Error> {
            self.inner.$method($($name),*)
        })*
    };
}

impl<'a, S: Serializer> Serializer for Extract<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Extract<'a, S::SerializeSeq>;
    type SerializeTuple = Extract<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Extract<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Extract<'a, S::SerializeTupleVariant>;
    type SerializeMap = Extract<'a, S::SerializeMap>;
    type SerializeStruct = Extract<'a, S::SerializeStruct>;
    type SerializeStructVariant = Extract<'a, S::SerializeStructVariant>;

    forward! {
        serialize_bool(value: bool) serialize_i8(value: i8) serialize_i16(value: i16) serialize_i32(value: i32) serialize_i64(value: i64)
        serialize_u8(value: u8) serialize_u16(value: u16) serialize_u32(value: u32) serialize_u64(value: u64)
        serialize_f32(value: f32) serialize_f64(value: f64) serialize_char(value: char)
        serialize_none()
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str)
    }

    fn serialize_str(self, text: &str) -> Result<S::Ok, S::Error> {
        match self.found.buffer {
            Some(buffer) if text.len() >= LONG_TEXT && plain(text) => {
                let before = buffer.written();
                let empty = self.inner.serialize_str("")?;
                buffer.fill_string(before, text);
                Ok(empty)
            }
            _ => self.inner.serialize_str(text),
        }
    }

    /// As JSON has it: its reader makes of it what number it can.
    fn serialize_i128(self, value: i128) -> Result<S::Ok, S::Error> {
        match i64::try_from(value) {
            Ok(value) => self.inner.serialize_i64(value),
            Err(_) if self.found.in_place => self.inner.serialize_f64(value as f64),
            Err(_) => self.inner.serialize_i128(value),
        }
    }

    fn serialize_u128(self, value: u128) -> Result<S::Ok, S::Error> {
        match u64::try_from(value) {
            Ok(value) => self.inner.serialize_u64(value),
            Err(_) if self.found.in_place => self.inner.serialize_f64(value as f64),
            Err(_) => self.inner.serialize_u128(value),
        }
    }

    /// `null`, as JSON has it.
    fn serialize_unit_struct(self, _name: &'static str) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<S::Ok, S::Error> {
        if self.found.in_place {
            return self.inner.serialize_bytes(bytes);
        }
        let index = {
            let mut attachments = self.found.attachments.borrow_mut();
            attachments.push(Bytes::copy_from_slice(bytes));
            attachments.len() - 1
        };
        let mut placeholder = self.inner.serialize_struct("Placeholder", 2)?;
        placeholder.serialize_field(PLACEHOLDER, &true)?;
        placeholder.serialize_field("num", &index)?;
        placeholder.end()
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.shape(Shape::None);
        self.inner.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_some(&Inner(value, self.found))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner
            .serialize_newtype_struct(name, &Inner(value, self.found))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner
            .serialize_newtype_variant(name, index, variant, &Inner(value, self.found))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        Ok(Extract::<S>::within(self.found, self.inner.serialize_seq(len)?))
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.shape(Shape::Several);
        Ok(Extract::<S>::within(self.found, self.inner.serialize_tuple(len)?))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.shape(Shape::Several);
        Ok(Extract::<S>::within(
            self.found,
            self.inner.serialize_tuple_struct(name, len)?,
        ))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let inner = self.inner.serialize_tuple_variant(name, index, variant, len)?;
        Ok(Extract::<S>::within(self.found, inner))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        Ok(Extract::<S>::within(self.found, self.inner.serialize_map(len)?))
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        Ok(Extract::<S>::within(
            self.found,
            self.inner.serialize_struct(name, len)?,
        ))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let inner = self.inner.serialize_struct_variant(name, index, variant, len)?;
        Ok(Extract::<S>::within(self.found, inner))
    }
}

macro_rules! items {
    ($($trait:ident::$method:ident)*) => {
        $(impl<S: $trait> $trait for Extract<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
                self.inner.$method(&Inner(value, self.found))
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.inner.end()
            }
        })*
    };
}

items! {
    SerializeSeq::serialize_element SerializeTuple::serialize_element SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

impl<S: SerializeMap> SerializeMap for Extract<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        self.inner.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.inner.serialize_value(&Inner(value, self.found))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.inner.end()
    }
}

macro_rules! fields {
    ($($trait:ident)*) => {
        $(impl<S: $trait> $trait for Extract<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), S::Error> {
                self.inner.serialize_field(name, &Inner(value, self.found))
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.inner.end()
            }
        })*
    };
}

fields! { SerializeStruct SerializeStructVariant }

/// Bytes from which on it is worth looking at text before it is written.
const LONG_TEXT: usize = 64;
