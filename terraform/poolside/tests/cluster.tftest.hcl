# The control plane, who may reach it, who administers it, and the add-ons.

mock_provider "aws" {
  # OpenTofu mocks computed lists as empty ones.
  mock_resource "aws_eks_cluster" {
    defaults = {
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF" }] }]
      certificate_authority = [{ data = "LS0tLS1CRUdJTg==" }]
    }
  }
}

variables {
  address                             = "module.cluster"
  name                                = "acme"
  kubernetes_version                  = "1.35"
  support_type                        = "EXTENDED"
  subnet_ids                          = ["subnet-a", "subnet-b"]
  service_cidr                        = "172.20.0.0/16"
  endpoint_public_access              = true
  endpoint_public_access_cidrs        = ["198.18.7.4/32"]
  admin_principal_arns                = ["arn:aws:iam::123456789012:role/Admin"]
  bootstrap_creator_admin_permissions = true
  log_types                           = ["api", "audit"]
  log_retention_days                  = 90
  kms_key_arn                         = "arn:aws:kms:us-west-2:123456789012:key/cluster"
  deletion_protection                 = true
  permissions_boundary_arn            = "arn:aws:iam::123456789012:policy/Boundary"
  partition                           = "aws"
}

run "the_api_is_reached_privately_and_from_the_allowlist" {
  command = plan

  module {
    source = "../modules/cluster"
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "Both endpoints must be there."
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].public_access_cidrs == toset(["198.18.7.4/32"])
    error_message = "The public endpoint must be closed to whoever is not on the list."
  }
}

run "a_private_cluster_has_no_public_endpoint" {
  command = plan

  module {
    source = "../modules/cluster"
  }

  variables {
    endpoint_public_access       = false
    endpoint_public_access_cidrs = []
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "Only the private endpoint must be there."
  }
}

run "access_is_by_entries_alone" {
  command = plan

  module {
    source = "../modules/cluster"
  }

  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions
    error_message = "Access must be by entries, and the creator must have one."
  }

  assert {
    condition     = keys(aws_eks_access_entry.admin) == ["arn:aws:iam::123456789012:role/Admin"]
    error_message = "Each administrator must have an entry."
  }

  assert {
    condition     = aws_eks_access_policy_association.admin["arn:aws:iam::123456789012:role/Admin"].policy_arn == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    error_message = "Administrators must administer the cluster."
  }
}

run "secrets_and_logs_are_encrypted_with_the_cluster_key" {
  command = plan

  module {
    source = "../modules/cluster"
  }

  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == var.kms_key_arn && aws_eks_cluster.this.encryption_config[0].resources == toset(["secrets"])
    error_message = "Secrets must be encrypted with the cluster key."
  }

  assert {
    condition     = aws_cloudwatch_log_group.control_plane.kms_key_id == var.kms_key_arn && aws_cloudwatch_log_group.control_plane.retention_in_days == 90
    error_message = "The log group must have the key and the retention asked for."
  }

  assert {
    condition     = aws_cloudwatch_log_group.control_plane.name == "/aws/eks/acme/cluster" && aws_eks_cluster.this.enabled_cluster_log_types == toset(["api", "audit"])
    error_message = "The logs asked for must go to the log group that EKS writes to."
  }
}

run "nothing_self_managed_fights_the_managed_add_ons" {
  command = plan

  module {
    source = "../modules/cluster"
  }

  assert {
    condition     = aws_eks_cluster.this.bootstrap_self_managed_addons == false
    error_message = "EKS must not put add-ons of its own there."
  }

  assert {
    condition     = aws_eks_cluster.this.deletion_protection && aws_eks_cluster.this.kubernetes_network_config[0].service_ipv4_cidr == "172.20.0.0/16"
    error_message = "Protection and service range must be as asked for."
  }
}

run "the_role_of_the_control_plane_is_bounded" {
  command = plan

  module {
    source = "../modules/cluster"
  }

  assert {
    condition     = output.permissions_boundary == "arn:aws:iam::123456789012:policy/Boundary"
    error_message = "The role must be bounded."
  }
}

run "there_are_six_managed_add_ons" {
  command = plan

  module {
    source = "../modules/addons"
  }

  variables {
    address          = "module.addons"
    cluster_name     = "acme"
    versions         = { vpc_cni = "v1.22.4-eksbuild.3" }
    vpc_cni_role_arn = "arn:aws:iam::123456789012:role/acme-vpc-cni"
    ebs_csi_role_arn = "arn:aws:iam::123456789012:role/acme-ebs-csi"
    node_group_arn   = "arn:aws:eks:us-west-2:123456789012:nodegroup/acme/acme-cpu/0"
  }

  assert {
    condition     = keys(output.versions) == ["aws-ebs-csi-driver", "coredns", "kube-proxy", "metrics-server", "snapshot-controller", "vpc-cni"]
    error_message = "There must be these six add-ons and no other."
  }

  assert {
    condition     = output.versions["vpc-cni"] == "v1.22.4-eksbuild.3"
    error_message = "A version that is given must be taken."
  }

  assert {
    condition     = aws_eks_addon.vpc_cni.service_account_role_arn == var.vpc_cni_role_arn && aws_eks_addon.ebs_csi.service_account_role_arn == var.ebs_csi_role_arn
    error_message = "Networking and volumes must have roles of their own."
  }
}
