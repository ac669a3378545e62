//! Values of the plugin protocol: JSON with one thing more, the value that is not known yet.
//!
//! Owns the conversions to and from `MessagePack` (what travels) and JSON (what the world keeps).
//! Knows types only to put a value into the form of its type ([`Value::conform`]) and to compare
//! sets without regard to order ([`Value::same`]).

use std::collections::BTreeMap;

use serde_json::Number;

use super::schema::Type;

/// A value of Terraform.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Known after apply.
    Unknown,
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    /// A list, a set or a tuple.
    List(Vec<Value>),
    /// A map or an object.
    Map(Object),
}

/// The attributes of an object.
pub(super) type Object = BTreeMap<String, Value>;

impl Value {
    pub(super) fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    pub(super) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    pub(super) fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }

    /// Null, or what Go takes for nothing: empty, zero, false.
    pub(super) fn is_zero(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Null => true,
            Self::Bool(b) => !b,
            Self::Number(n) => n.as_f64() == Some(0.0),
            Self::String(s) => s.is_empty(),
            Self::List(l) => l.is_empty(),
            Self::Map(m) => m.is_empty(),
        }
    }

    /// Whether nothing in it is unknown.
    pub(super) fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::List(l) => l.iter().all(Self::is_wholly_known),
            Self::Map(m) => m.values().all(Self::is_wholly_known),
            _ => true,
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    pub(super) fn as_list(&self) -> &[Value] {
        match self {
            Self::List(l) => l,
            _ => &[],
        }
    }

    pub(super) fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Map(m) => Some(m),
            _ => None,
        }
    }

    /// The attribute of that name of an object; null where there is none.
    pub(super) fn field(&self, name: &str) -> &Value {
        self.as_object().and_then(|o| o.get(name)).unwrap_or(&Self::Null)
    }

    /// The text of an attribute; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.field(name).as_str().unwrap_or_default()
    }

    /// Strings of a list, set or lone string attribute.
    pub(super) fn texts(&self, name: &str) -> Vec<&str> {
        self.field(name).as_list().iter().filter_map(Self::as_str).collect()
    }

    pub(super) fn from_msgpack(bytes: &[u8]) -> Result<Self, String> {
        let raw = rmpv::decode::read_value(&mut &bytes[..]).map_err(|e| e.to_string())?;
        Ok(Self::from_raw(raw))
    }

    fn from_raw(raw: rmpv::Value) -> Self {
        match raw {
            // An unknown value, with or without refinements.
            rmpv::Value::Ext(..) => Self::Unknown,
            rmpv::Value::Nil => Self::Null,
            rmpv::Value::Boolean(b) => Self::Bool(b),
            rmpv::Value::Integer(i) => {
                if let Some(i) = i.as_i64() {
                    Self::Number(i.into())
                } else {
                    i.as_u64().map_or(Self::Null, |u| Self::Number(u.into()))
                }
            }
            rmpv::Value::F32(f) => Self::float(f64::from(f)),
            rmpv::Value::F64(f) => Self::float(f),
            rmpv::Value::String(s) => Self::String(String::from_utf8_lossy(s.as_bytes()).into()),
            rmpv::Value::Binary(b) => Self::String(String::from_utf8_lossy(&b).into()),
            rmpv::Value::Array(items) => {
                Self::List(items.into_iter().map(Self::from_raw).collect())
            }
            rmpv::Value::Map(entries) => Self::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        (key.as_str().unwrap_or_default().to_owned(), Self::from_raw(value))
                    })
                    .collect(),
            ),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "only whole numbers of this size are cast")]
    fn float(f: f64) -> Self {
        if f.fract() == 0.0 && f.abs() < 9.0e15 {
            return Self::Number((f as i64).into());
        }
        Number::from_f64(f).map_or(Self::Null, Self::Number)
    }

    pub(super) fn to_msgpack(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, &self.to_raw())
            .expect("writing into memory does not fail");
        bytes
    }

    fn to_raw(&self) -> rmpv::Value {
        match self {
            Self::Unknown => rmpv::Value::Ext(0, vec![0]),
            Self::Null => rmpv::Value::Nil,
            Self::Bool(b) => (*b).into(),
            Self::Number(n) => {
                if let Some(i) = n.as_i64() {
                    i.into()
                } else if let Some(u) = n.as_u64() {
                    u.into()
                } else {
                    n.as_f64().unwrap_or_default().into()
                }
            }
            Self::String(s) => s.as_str().into(),
            Self::List(l) => rmpv::Value::Array(l.iter().map(Self::to_raw).collect()),
            Self::Map(m) => {
                rmpv::Value::Map(m.iter().map(|(k, v)| (k.as_str().into(), v.to_raw())).collect())
            }
        }
    }

    pub(super) fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(b) => Self::Bool(*b),
            serde_json::Value::Number(n) => match n.as_f64() {
                Some(f) if !n.is_i64() && !n.is_u64() => Self::float(f),
                _ => Self::Number(n.clone()),
            },
            serde_json::Value::String(s) => Self::String(s.clone()),
            serde_json::Value::Array(a) => Self::List(a.iter().map(Self::from_json).collect()),
            serde_json::Value::Object(o) => {
                Self::Map(o.iter().map(|(k, v)| (k.clone(), Self::from_json(v))).collect())
            }
        }
    }

    /// JSON for the world's store; what is not known becomes null.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Unknown | Self::Null => serde_json::Value::Null,
            Self::Bool(b) => (*b).into(),
            Self::Number(n) => serde_json::Value::Number(n.clone()),
            Self::String(s) => s.as_str().into(),
            Self::List(l) => l.iter().map(Self::to_json).collect(),
            Self::Map(m) => {
                serde_json::Value::Object(m.iter().map(|(k, v)| (k.clone(), v.to_json())).collect())
            }
        }
    }

    /// The value in the form of its type: all attributes of objects there and no others, numbers
    /// and booleans as such where they came as text.
    #[must_use]
    pub(super) fn conform(self, ty: &Type) -> Self {
        match (self, ty) {
            (Self::String(s), Type::Number) => {
                s.parse::<f64>().map_or(Self::String(s), Self::float)
            }
            (Self::String(s), Type::Bool) => match s.as_str() {
                "true" => Self::Bool(true),
                "false" | "" => Self::Bool(false),
                _ => Self::String(s),
            },
            (Self::Number(n), Type::String) => Self::String(n.to_string()),
            (Self::Bool(b), Type::String) => Self::String(b.to_string()),
            (Self::List(l), Type::List(t) | Type::Set(t)) => {
                Self::List(l.into_iter().map(|v| v.conform(t)).collect())
            }
            (Self::Map(m), Type::Map(t)) => {
                Self::Map(m.into_iter().map(|(k, v)| (k, v.conform(t))).collect())
            }
            (Self::Map(mut m), Type::Object(fields)) => Self::Map(
                fields
                    .iter()
                    .map(|(k, t)| (k.clone(), m.remove(k).unwrap_or(Self::Null).conform(t)))
                    .collect(),
            ),
            (other, _) => other,
        }
    }

    /// Whether the value is one of that type.
    pub(super) fn fits(&self, ty: &Type) -> bool {
        match (self, ty) {
            (Self::Null | Self::Unknown, _)
            | (Self::Bool(_), Type::Bool)
            | (Self::Number(_), Type::Number)
            | (Self::String(_), Type::String) => true,
            (Self::List(items), Type::List(t) | Type::Set(t)) => items.iter().all(|i| i.fits(t)),
            (Self::Map(fields), Type::Map(t)) => fields.values().all(|field| field.fits(t)),
            (Self::Map(fields), Type::Object(types)) => {
                types.iter().all(|(name, t)| fields.get(name).is_some_and(|field| field.fits(t)))
            }
            _ => false,
        }
    }

    /// Equality in the sense of the type: the order of sets does not count.
    pub(super) fn same(&self, other: &Self, ty: &Type) -> bool {
        match (self, other, ty) {
            (Self::List(a), Self::List(b), Type::Set(t)) => {
                a.len() == b.len() && a.iter().all(|x| b.iter().any(|y| x.same(y, t)))
            }
            (Self::List(a), Self::List(b), Type::List(t)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.same(y, t))
            }
            (Self::Map(a), Self::Map(b), Type::Map(t)) => {
                a.len() == b.len() && a.iter().all(|(k, x)| b.get(k).is_some_and(|y| x.same(y, t)))
            }
            (Self::Map(a), Self::Map(b), Type::Object(fields)) => fields.iter().all(|(k, t)| {
                let null = Self::Null;
                a.get(k).unwrap_or(&null).same(b.get(k).unwrap_or(&null), t)
            }),
            (Self::Number(a), Self::Number(b), _) => a.as_f64() == b.as_f64(),
            _ => self == other,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_travel_as_messagepack_and_unknown_stays_unknown() {
        let value = Value::Map(Object::from([
            ("id".into(), Value::Unknown),
            ("size".into(), Value::Number(20.into())),
            ("tags".into(), Value::List(vec!["a".into(), Value::Null])),
        ]));
        assert_eq!(Value::from_msgpack(&value.to_msgpack()).unwrap(), value);
        assert!(!value.is_wholly_known());
    }

    #[test]
    fn sets_are_the_same_in_any_order_and_lists_are_not() {
        let (a, b) =
            (Value::List(vec!["x".into(), "y".into()]), Value::List(vec!["y".into(), "x".into()]));
        assert!(a.same(&b, &Type::Set(Box::new(Type::String))));
        assert!(!a.same(&b, &Type::List(Box::new(Type::String))));
    }
}
