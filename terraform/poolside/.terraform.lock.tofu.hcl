# hashicorp/aws 6.47.0 for OpenTofu, used in place of `.terraform.lock.hcl` by OpenTofu. Its registry serves builds of its
# own, whose hashes are not known here: the version is pinned, the hashes are recorded by the first `tofu init`.

provider "registry.opentofu.org/hashicorp/aws" {
  version     = "6.47.0"
  constraints = "~> 6.47"
}
