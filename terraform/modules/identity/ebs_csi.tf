# The actions of AmazonEBSCSIDriverPolicyV2, version 1, without those for volumes of the former in-tree driver, and with
# the use of our key, which no managed policy contains. The driver tags what it makes.

locals {
  ebs_request_tag  = { StringEquals = { "aws:RequestTag/ebs.csi.aws.com/cluster" = "true" } }
  ebs_resource_tag = { StringEquals = { "ec2:ResourceTag/ebs.csi.aws.com/cluster" = "true" } }
}

module "ebs_csi" {
  source = "../role"

  address                  = "${var.address}.module.ebs_csi"
  name                     = "${var.name}-ebs-csi"
  description              = "Lets the EBS CSI driver make and attach volumes."
  assume_role_policy       = local.trust.ebs_csi
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = var.partition

  policies = {
    volumes = jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid    = "VolumesAreLookedAt"
          Effect = "Allow"
          Action = [
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeInstances",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeSnapshots",
            "ec2:DescribeVolumes",
            "ec2:DescribeVolumesModifications",
            "ec2:DescribeVolumeStatus",
          ]
          Resource = "*"
        },
        {
          Sid       = "VolumesAreMade"
          Effect    = "Allow"
          Action    = ["ec2:CreateVolume", "ec2:CopyVolumes"]
          Resource  = "${local.ec2}:volume/*"
          Condition = local.ebs_request_tag
        },
        {
          Sid       = "OwnVolumesAreCopied"
          Effect    = "Allow"
          Action    = "ec2:CopyVolumes"
          Resource  = "${local.ec2}:volume/vol-*"
          Condition = local.ebs_resource_tag
        },
        {
          Sid       = "OwnVolumesAreManaged"
          Effect    = "Allow"
          Action    = ["ec2:AttachVolume", "ec2:DeleteVolume", "ec2:DetachVolume", "ec2:ModifyVolume"]
          Resource  = "${local.ec2}:volume/*"
          Condition = local.ebs_resource_tag
        },
        {
          Sid      = "InstancesGetVolumes"
          Effect   = "Allow"
          Action   = ["ec2:AttachVolume", "ec2:DetachVolume"]
          Resource = "${local.ec2}:instance/*"
        },
        {
          Sid       = "SnapshotsAreMade"
          Effect    = "Allow"
          Action    = "ec2:CreateSnapshot"
          Resource  = "arn:${var.partition}:ec2:${var.region}:*:snapshot/*"
          Condition = local.ebs_request_tag
        },
        {
          Sid       = "OwnVolumesAreSnapshot"
          Effect    = "Allow"
          Action    = "ec2:CreateSnapshot"
          Resource  = "${local.ec2}:volume/*"
          Condition = local.ebs_resource_tag
        },
        {
          Sid       = "OwnSnapshotsAreRestored"
          Effect    = "Allow"
          Action    = ["ec2:CreateVolume", "ec2:EnableFastSnapshotRestores"]
          Resource  = "arn:${var.partition}:ec2:${var.region}:*:snapshot/*"
          Condition = local.ebs_resource_tag
        },
        {
          Sid       = "OwnSnapshotsAreDeleted"
          Effect    = "Allow"
          Action    = ["ec2:DeleteSnapshot", "ec2:LockSnapshot"]
          Resource  = "arn:${var.partition}:ec2:${var.region}:*:snapshot/*"
          Condition = local.ebs_resource_tag
        },
        {
          Sid       = "NewObjectsAreTagged"
          Effect    = "Allow"
          Action    = "ec2:CreateTags"
          Resource  = ["${local.ec2}:volume/*", "arn:${var.partition}:ec2:${var.region}:*:snapshot/*"]
          Condition = { StringEquals = { "ec2:CreateAction" = ["CreateVolume", "CreateSnapshot", "CopyVolumes"] } }
        },
        {
          Sid      = "OwnVolumesAreRetagged"
          Effect   = "Allow"
          Action   = ["ec2:CreateTags", "ec2:DeleteTags"]
          Resource = "${local.ec2}:volume/*"
          Condition = merge(local.ebs_resource_tag, {
            Null = { "aws:TagKeys" = "false" }
            "ForAllValues:StringNotEquals" = {
              "aws:TagKeys" = ["ebs.csi.aws.com/cluster", "ebs.csi.aws.com/cluster-name", "kubernetes.io/created-for/pvc/name"]
            }
          })
        },
      ]
    })

    volume-encryption = jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "VolumesAreEncrypted"
          Effect   = "Allow"
          Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"]
          Resource = var.kms_key_arns.volumes
        },
        {
          Sid       = "VolumesAreGrantedTheKey"
          Effect    = "Allow"
          Action    = "kms:CreateGrant"
          Resource  = var.kms_key_arns.volumes
          Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
        },
      ]
    })
  }
}
