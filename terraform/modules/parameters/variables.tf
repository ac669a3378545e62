variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "prefix" {
  description = "The path that the parameters stand under, without the slash at its end."
  type        = string
}

variable "facts" {
  description = "The facts to write, by name. No secret is among them."
  type        = map(string)
}
