# ---------------------------------------------------------------------------------------------------------------------
# Deployment
# ---------------------------------------------------------------------------------------------------------------------

variable "deployment_name" {
  description = "The name of the deployment; it prefixes every named object and is the value of the tag `springboard:deployment`."
  type        = string

  validation {
    # 24 characters leave room for the longest suffix inside the limits of IAM (64), S3 (63) and EKS (100).
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.deployment_name)) && !strcontains(var.deployment_name, "--")
    error_message = "The deployment name must be 3 to 24 characters: lower-case letters, digits and single hyphens, beginning with a letter and not ending with a hyphen."
  }
}

variable "region" {
  description = "The AWS region of the deployment."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "The region must be the name of an AWS region, such as us-west-2."
  }
}

variable "public_hostname" {
  description = "The public DNS name of the platform; the callback address of the Cognito client is made from it."
  type        = string

  validation {
    condition     = length(var.public_hostname) <= 253 && can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$", var.public_hostname))
    error_message = "The public hostname must be a lower-case DNS name with at least two labels, without scheme, port or path."
  }
}

variable "profile" {
  description = "What is installed: `full` is the platform with local inference, `platform-only` is the platform alone."
  type        = string
  default     = "full"

  validation {
    condition     = contains(["full", "platform-only"], var.profile)
    error_message = "The profile must be full or platform-only."
  }
}

variable "tags" {
  description = "Further tags for every taggable resource."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(key, "springboard:") && !startswith(lower(key), "aws:")])
    error_message = "Tag keys must not begin with springboard: or aws:, which are reserved."
  }
}

variable "deletion_protection" {
  description = "Whether the cluster and the database refuse to be deleted; it is switched off before a teardown."
  type        = bool
  default     = true
}

variable "force_destroy" {
  description = "Whether buckets and image repositories are deleted with what is in them; it is switched on before a teardown only."
  type        = bool
  default     = false
}

# ---------------------------------------------------------------------------------------------------------------------
# Network
# ---------------------------------------------------------------------------------------------------------------------

variable "vpc_cidr" {
  description = "The IPv4 range of the dedicated VPC; the three subnet tiers are cut from it."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(cidrhost(var.vpc_cidr, 0) == split("/", var.vpc_cidr)[0], false)
    error_message = "The VPC range must be an IPv4 network in CIDR notation, written with its first address, such as 10.0.0.0/16."
  }

  validation {
    condition     = can(regex("/(16|17|18|19|20)$", var.vpc_cidr))
    error_message = "The VPC range must have a prefix from /16 to /20: three tiers over three zones do not fit into less."
  }

  validation {
    # Nodes use this range for their container bridge, so that addresses in it cannot be reached from a pod.
    condition     = !startswith(var.vpc_cidr, "172.17.")
    error_message = "The VPC range must not lie in 172.17.0.0/16, which the nodes use themselves."
  }
}

variable "service_cidr" {
  description = "The IPv4 range of Kubernetes services; it cannot be changed after the cluster was made."
  type        = string
  default     = "172.20.0.0/16"

  validation {
    condition     = can(cidrhost(var.service_cidr, 0)) && can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.).*/(1[2-9]|2[0-4])$", var.service_cidr))
    error_message = "The service range must be a private IPv4 network with a prefix from /12 to /24."
  }

  validation {
    # Two ranges overlap when they are the same network at the shorter of their prefixes.
    condition = try(
      cidrhost("${split("/", var.service_cidr)[0]}/${min(tonumber(split("/", var.service_cidr)[1]), tonumber(split("/", var.vpc_cidr)[1]))}", 0)
      !=
      cidrhost("${split("/", var.vpc_cidr)[0]}/${min(tonumber(split("/", var.service_cidr)[1]), tonumber(split("/", var.vpc_cidr)[1]))}", 0),
      true
    )
    error_message = "The service range must not overlap the VPC range."
  }
}

variable "availability_zones" {
  description = "The names of the two or three availability zones to use; when empty, the first zones of the region that can host a control plane are used."
  type        = list(string)
  default     = []

  validation {
    condition     = contains([0, 2, 3], length(var.availability_zones)) && length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "Name two or three different availability zones, or none to have them chosen."
  }

  validation {
    condition     = alltrue([for zone in var.availability_zones : can(regex("^${var.region}[a-z]$", zone))])
    error_message = "Each availability zone must be a zone of the chosen region, by its name, such as us-west-2a."
  }
}

variable "availability_zone_count" {
  description = "The number of availability zones to choose when none are named."
  type        = number
  default     = 2

  validation {
    condition     = contains([2, 3], var.availability_zone_count)
    error_message = "The number of availability zones must be 2 or 3."
  }
}

variable "enable_nat_gateway" {
  description = "Whether private subnets reach the internet through NAT gateways; when false, the operator provides the way out."
  type        = bool
  default     = true
}

variable "single_nat_gateway" {
  description = "Whether all zones share one NAT gateway: cheaper, but a failure of its zone cuts off the others."
  type        = bool
  default     = false
}

# ---------------------------------------------------------------------------------------------------------------------
# Cluster
# ---------------------------------------------------------------------------------------------------------------------

variable "kubernetes_version" {
  description = "The Kubernetes version of the cluster and its nodes."
  type        = string
  default     = "1.35"

  validation {
    condition     = can(regex("^1\\.(29|[3-9][0-9])$", var.kubernetes_version))
    error_message = "The Kubernetes version must be a minor version from 1.29 on, such as 1.35."
  }
}

variable "cluster_support_type" {
  description = "What happens at the end of standard support: `EXTENDED` keeps the version at extra cost, `STANDARD` upgrades the cluster."
  type        = string
  default     = "EXTENDED"

  validation {
    condition     = contains(["STANDARD", "EXTENDED"], var.cluster_support_type)
    error_message = "The support type must be STANDARD or EXTENDED."
  }
}

variable "cluster_endpoint_public_access_cidrs" {
  description = "The IPv4 ranges that may reach the public Kubernetes API endpoint; mandatory, and empty only when the endpoint is private."
  type        = list(string)

  validation {
    condition     = !var.cluster_endpoint_public_access || length(var.cluster_endpoint_public_access_cidrs) > 0
    error_message = "Name at least one range that may reach the Kubernetes API, or make the endpoint private only."
  }

  validation {
    condition     = length(var.cluster_endpoint_public_access_cidrs) <= 40 && alltrue([for cidr in var.cluster_endpoint_public_access_cidrs : can(regex("^[0-9.]+/[0-9]+$", cidr)) && can(cidrhost(cidr, 0))])
    error_message = "Each range must be an IPv4 network in CIDR notation, such as 198.18.7.4/32; at most 40 are possible."
  }

  validation {
    condition     = var.allow_open_endpoint || alltrue([for cidr in var.cluster_endpoint_public_access_cidrs : !endswith(cidr, "/0")])
    error_message = "The whole internet must not reach the Kubernetes API; name the ranges that need it, or set allow_open_endpoint to accept the risk."
  }

  validation {
    condition     = alltrue([for cidr in var.cluster_endpoint_public_access_cidrs : !can(regex("^(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.)", cidr))])
    error_message = "Private ranges cannot be on the allowlist: EKS refuses them, and nodes use the private endpoint anyway."
  }
}

variable "cluster_endpoint_public_access" {
  description = "Whether the Kubernetes API has a public endpoint beside the private one; when false, the installer has to run inside the VPC."
  type        = bool
  default     = true
}

variable "allow_open_endpoint" {
  description = "Whether 0.0.0.0/0 is accepted on the allowlist of the public endpoint."
  type        = bool
  default     = false
}

variable "cluster_admin_principal_arns" {
  description = "The ARNs of IAM roles and users that administer the cluster, beside the principal that creates it."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.cluster_admin_principal_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "Each principal must be the ARN of an IAM role or user; the ARN of a session (assumed-role) is none."
  }

  validation {
    condition     = alltrue([for arn in var.cluster_admin_principal_arns : !strcontains(arn, ":role/aws-service-role/")])
    error_message = "A service-linked role cannot administer a cluster."
  }

  validation {
    condition     = length(distinct(var.cluster_admin_principal_arns)) == length(var.cluster_admin_principal_arns)
    error_message = "Each principal must be named once."
  }
}

variable "bootstrap_cluster_creator_admin_permissions" {
  description = "Whether the principal that creates the cluster administers it; that principal must then not be among `cluster_admin_principal_arns`."
  type        = bool
  default     = true
}

variable "cluster_log_types" {
  description = "The control-plane logs that are kept."
  type        = list(string)
  default     = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

  validation {
    condition     = alltrue([for type in var.cluster_log_types : contains(["api", "audit", "authenticator", "controllerManager", "scheduler"], type)])
    error_message = "Control-plane logs are api, audit, authenticator, controllerManager and scheduler."
  }
}

variable "log_retention_days" {
  description = "For how many days log groups keep their entries."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "addon_versions" {
  description = "Versions of the managed add-ons; one that is not given is the default of the Kubernetes version at creation."
  type = object({
    vpc_cni             = optional(string)
    kube_proxy          = optional(string)
    coredns             = optional(string)
    metrics_server      = optional(string)
    snapshot_controller = optional(string)
    ebs_csi             = optional(string)
  })
  default = {}

  validation {
    condition     = alltrue([for version in values(var.addon_versions) : version == null || can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+-eksbuild\\.[0-9]+$", version))])
    error_message = "An add-on version looks like v1.22.4-eksbuild.3."
  }
}

variable "create_autoscaling_service_linked_role" {
  description = "Whether to create the service-linked role of EC2 Auto Scaling; true only in an account that has never used Auto Scaling."
  type        = bool
  default     = false
}

# ---------------------------------------------------------------------------------------------------------------------
# CPU nodes
# ---------------------------------------------------------------------------------------------------------------------

variable "cpu_instance_type" {
  description = "The instance type of the CPU nodes."
  type        = string
  default     = "m5.4xlarge"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.cpu_instance_type))
    error_message = "The instance type must look like m5.4xlarge."
  }
}

variable "cpu_desired_size" {
  description = "The number of CPU nodes."
  type        = number
  default     = 3

  validation {
    condition     = var.cpu_desired_size >= var.cpu_min_size && var.cpu_desired_size <= var.cpu_max_size
    error_message = "The number of CPU nodes must lie between cpu_min_size and cpu_max_size."
  }
}

variable "cpu_min_size" {
  description = "The least number of CPU nodes."
  type        = number
  default     = 3

  validation {
    condition     = var.cpu_min_size >= 1 && floor(var.cpu_min_size) == var.cpu_min_size
    error_message = "At least one CPU node is needed."
  }
}

variable "cpu_max_size" {
  description = "The greatest number of CPU nodes."
  type        = number
  default     = 10

  validation {
    condition     = var.cpu_max_size >= 1 && var.cpu_max_size <= 450 && floor(var.cpu_max_size) == var.cpu_max_size
    error_message = "A node group has between 1 and 450 nodes."
  }
}

variable "cpu_disk_size_gb" {
  description = "The size in GB of the encrypted gp3 volume of each CPU node."
  type        = number
  default     = 200

  validation {
    condition     = var.cpu_disk_size_gb >= 50 && var.cpu_disk_size_gb <= 16384
    error_message = "The volume must have between 50 and 16384 GB."
  }
}

variable "cpu_ami_id" {
  description = "An own Amazon Linux 2023 image for the CPU and web nodes instead of the one EKS recommends."
  type        = string
  default     = null

  validation {
    condition     = var.cpu_ami_id == null || can(regex("^ami-([0-9a-f]{8}|[0-9a-f]{17})$", var.cpu_ami_id))
    error_message = "An image id looks like ami-0123456789abcdef0."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# GPU nodes
# ---------------------------------------------------------------------------------------------------------------------

variable "enable_gpu" {
  description = "Whether the GPU nodes exist: off in the pass `foundation`, on in the pass `gpu`; without effect in the profile `platform-only`."
  type        = bool
  default     = false
}

variable "gpu_instance_type" {
  description = "The instance type of the GPU nodes; p5.48xlarge is below the stated minimum and gives a warning."
  type        = string
  default     = "p5e.48xlarge"

  validation {
    condition     = contains(["p5e.48xlarge", "p5en.48xlarge", "p5.48xlarge"], var.gpu_instance_type)
    error_message = "GPU nodes are p5e.48xlarge, p5en.48xlarge or p5.48xlarge."
  }
}

variable "gpu_capacity" {
  description = "Where the GPU nodes come from: `on-demand`, `reservation` (an On-Demand Capacity Reservation) or `capacity-block`."
  type        = string
  default     = "on-demand"

  validation {
    condition     = contains(["on-demand", "reservation", "capacity-block"], var.gpu_capacity)
    error_message = "The GPU capacity must be on-demand, reservation or capacity-block."
  }
}

variable "gpu_capacity_reservation_id" {
  description = "The id of the capacity reservation or Capacity Block; with plain On-Demand capacity there is none."
  type        = string
  default     = null

  validation {
    condition     = var.gpu_capacity_reservation_id == null || can(regex("^cr-[0-9a-f]{17}$", var.gpu_capacity_reservation_id))
    error_message = "A reservation id looks like cr-0123456789abcdef0."
  }

  validation {
    condition     = (var.gpu_capacity == "on-demand") == (var.gpu_capacity_reservation_id == null)
    error_message = "Name the reservation when the GPU capacity is reservation or capacity-block, and only then."
  }
}

variable "gpu_availability_zone" {
  description = "The zone that the GPU nodes are pinned to; a reservation or Capacity Block lies in one zone, which has to be named in the first pass already."
  type        = string
  default     = null

  validation {
    condition     = var.gpu_availability_zone == null || can(regex("^${var.region}[a-z]$", var.gpu_availability_zone))
    error_message = "The GPU zone must be a zone of the chosen region, by its name, such as us-west-2a."
  }

  validation {
    condition     = var.gpu_availability_zone == null || length(var.availability_zones) == 0 || contains(var.availability_zones, coalesce(var.gpu_availability_zone, "-"))
    error_message = "The GPU zone must be one of availability_zones."
  }

  validation {
    condition     = var.gpu_capacity == "on-demand" || var.gpu_availability_zone != null
    error_message = "Name the zone of the reservation or Capacity Block: GPU nodes can start there only."
  }
}

variable "gpu_desired_size" {
  description = "The number of GPU nodes; for a Capacity Block it counts at creation only, and is 0 while the block has not begun."
  type        = number
  default     = 1

  validation {
    condition     = var.gpu_desired_size >= var.gpu_min_size && var.gpu_desired_size <= var.gpu_max_size
    error_message = "The number of GPU nodes must lie between gpu_min_size and gpu_max_size."
  }
}

variable "gpu_min_size" {
  description = "The least number of GPU nodes."
  type        = number
  default     = 0

  validation {
    condition     = var.gpu_min_size >= 0 && floor(var.gpu_min_size) == var.gpu_min_size
    error_message = "The least number of GPU nodes must be a whole number, 0 or more."
  }
}

variable "gpu_max_size" {
  description = "The greatest number of GPU nodes."
  type        = number
  default     = 1

  validation {
    condition     = var.gpu_max_size >= 1 && var.gpu_max_size <= 64 && floor(var.gpu_max_size) == var.gpu_max_size
    error_message = "The greatest number of GPU nodes must be between 1 and 64."
  }
}

variable "gpu_disk_size_gb" {
  description = "The size in GB of the encrypted gp3 volume of each GPU node."
  type        = number
  default     = 200

  validation {
    condition     = var.gpu_disk_size_gb >= 100 && var.gpu_disk_size_gb <= 16384
    error_message = "The volume must have between 100 and 16384 GB."
  }
}

variable "gpu_ami_id" {
  description = "An own Amazon Linux 2023 image with NVIDIA driver and container toolkit for the GPU nodes."
  type        = string
  default     = null

  validation {
    condition     = var.gpu_ami_id == null || can(regex("^ami-([0-9a-f]{8}|[0-9a-f]{17})$", var.gpu_ami_id))
    error_message = "An image id looks like ami-0123456789abcdef0."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Web nodes
# ---------------------------------------------------------------------------------------------------------------------

variable "enable_web_node_group" {
  description = "Whether the web-facing workloads get a node group of their own."
  type        = bool
  default     = false
}

variable "web_instance_type" {
  description = "The instance type of the web nodes."
  type        = string
  default     = "m5.xlarge"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.web_instance_type))
    error_message = "The instance type must look like m5.xlarge."
  }
}

variable "web_desired_size" {
  description = "The number of web nodes."
  type        = number
  default     = 2

  validation {
    condition     = var.web_desired_size >= var.web_min_size && var.web_desired_size <= var.web_max_size
    error_message = "The number of web nodes must lie between web_min_size and web_max_size."
  }
}

variable "web_min_size" {
  description = "The least number of web nodes."
  type        = number
  default     = 2

  validation {
    condition     = var.web_min_size >= 1 && floor(var.web_min_size) == var.web_min_size
    error_message = "At least one web node is needed."
  }
}

variable "web_max_size" {
  description = "The greatest number of web nodes."
  type        = number
  default     = 4

  validation {
    condition     = var.web_max_size >= 1 && var.web_max_size <= 450 && floor(var.web_max_size) == var.web_max_size
    error_message = "A node group has between 1 and 450 nodes."
  }
}

variable "web_disk_size_gb" {
  description = "The size in GB of the encrypted gp3 volume of each web node."
  type        = number
  default     = 100

  validation {
    condition     = var.web_disk_size_gb >= 50 && var.web_disk_size_gb <= 16384
    error_message = "The volume must have between 50 and 16384 GB."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Database
# ---------------------------------------------------------------------------------------------------------------------

variable "database_instance_class" {
  description = "The instance class of the PostgreSQL database."
  type        = string
  default     = "db.m7g.xlarge"

  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.database_instance_class))
    error_message = "The instance class must look like db.m7g.xlarge."
  }
}

variable "database_engine_version" {
  description = "The PostgreSQL version: a major version, whose newest minor version RDS keeps up with, or a full one."
  type        = string
  default     = "17"

  validation {
    condition     = can(regex("^(1[4-9]|[2-9][0-9])(\\.[0-9]+)?$", var.database_engine_version))
    error_message = "The PostgreSQL version must be 14 or newer, such as 17 or 17.6."
  }
}

variable "database_multi_az" {
  description = "Whether the database has a standby in a second zone."
  type        = bool
  default     = true
}

variable "database_allocated_storage_gb" {
  description = "The storage in GB that the database begins with."
  type        = number
  default     = 100

  validation {
    condition     = var.database_allocated_storage_gb >= 20 && var.database_allocated_storage_gb <= 65536
    error_message = "The storage must be between 20 and 65536 GB."
  }
}

variable "database_max_allocated_storage_gb" {
  description = "The storage in GB that the database may grow to by itself."
  type        = number
  default     = 1000

  validation {
    condition     = var.database_max_allocated_storage_gb > var.database_allocated_storage_gb && var.database_max_allocated_storage_gb <= 65536
    error_message = "The limit must be above the initial storage and at most 65536 GB."
  }
}

variable "database_backup_retention_days" {
  description = "For how many days automatic backups are kept."
  type        = number
  default     = 14

  validation {
    condition     = var.database_backup_retention_days >= 1 && var.database_backup_retention_days <= 35
    error_message = "Backups must be kept between 1 and 35 days."
  }
}

variable "database_name" {
  description = "The name of the database on the server."
  type        = string
  default     = "poolside"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database_name))
    error_message = "The name must be up to 63 lower-case letters, digits and underscores, beginning with a letter."
  }
}

variable "database_username" {
  description = "The master user of the database; its password is made, kept and rotated by RDS in Secrets Manager."
  type        = string
  default     = "poolside"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database_username)) && !contains(["admin", "postgres", "rdsadmin", "root", "user"], var.database_username)
    error_message = "The user must be up to 63 lower-case letters, digits and underscores, beginning with a letter, and not a reserved name."
  }
}

variable "database_final_snapshot_identifier" {
  description = "The name of the snapshot taken when the database is deleted; by default `<deployment_name>-final`."
  type        = string
  default     = null

  validation {
    condition     = var.database_final_snapshot_identifier == null || can(regex("^[a-zA-Z](-?[a-zA-Z0-9])*$", var.database_final_snapshot_identifier))
    error_message = "The name of a snapshot has letters, digits and single hyphens, begins with a letter and does not end with a hyphen."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Storage, images and models
# ---------------------------------------------------------------------------------------------------------------------

variable "data_bucket_name" {
  description = "The name of the data bucket; by default `<deployment_name>-data`."
  type        = string
  default     = null

  validation {
    condition     = var.data_bucket_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.data_bucket_name))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "access_logs_bucket_name" {
  description = "The name of the bucket that keeps the access logs of the others; by default `<deployment_name>-access-logs`."
  type        = string
  default     = null

  validation {
    condition     = var.access_logs_bucket_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.access_logs_bucket_name))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "models_bucket_name" {
  description = "The name of the managed models bucket; by default `<deployment_name>-models`."
  type        = string
  default     = null

  validation {
    condition     = var.models_bucket_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.models_bucket_name))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "enable_model_s3_upload" {
  description = "Whether checkpoints are uploaded to a bucket of the deployment; when false, `external_models_bucket` holds them. Without effect in the profile `platform-only`."
  type        = bool
  default     = true
}

variable "external_models_bucket" {
  description = "The name of an existing bucket of the same account that holds the checkpoints when they are not uploaded."
  type        = string
  default     = null

  validation {
    condition     = var.external_models_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.external_models_bucket))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }

  validation {
    condition     = var.profile != "full" || var.enable_model_s3_upload == (var.external_models_bucket == null)
    error_message = "Name the external models bucket when checkpoints are not uploaded, and only then."
  }
}

variable "external_models_bucket_kms_key_arn" {
  description = "The ARN of the KMS key of the external models bucket, when it has a customer key."
  type        = string
  default     = null

  validation {
    condition     = var.external_models_bucket_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-zA-Z-]+$", var.external_models_bucket_kms_key_arn))
    error_message = "The key must be given by the ARN of a KMS key, not of an alias."
  }
}

variable "image_repositories" {
  description = "The names of the container images; each gets a repository `<deployment_name>/<image>`."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for image in var.image_repositories : can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", image)) && length(image) <= 200])
    error_message = "An image name has lower-case letters, digits and single separators (hyphen, underscore, dot, slash), without registry and tag."
  }

  validation {
    condition     = length(distinct(var.image_repositories)) == length(var.image_repositories)
    error_message = "Each image must be named once."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Identity, encryption and authentication
# ---------------------------------------------------------------------------------------------------------------------

variable "permissions_boundary_arn" {
  description = "The ARN of the policy that bounds every role made here."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$", var.permissions_boundary_arn))
    error_message = "The permissions boundary must be the ARN of an IAM policy."
  }
}

variable "kms_deletion_window_days" {
  description = "For how many days a deleted key can still be restored."
  type        = number
  default     = 30

  validation {
    condition     = var.kms_deletion_window_days >= 7 && var.kms_deletion_window_days <= 30
    error_message = "The window must be between 7 and 30 days."
  }
}

variable "enable_cognito" {
  description = "Whether a Cognito user pool, client and domain are made; when false, an external OIDC provider is used."
  type        = bool
  default     = false
}

variable "cognito_domain_prefix" {
  description = "The prefix of the hosted Cognito domain, unique in the region over all accounts; by default the deployment name."
  type        = string
  default     = null

  validation {
    condition     = var.cognito_domain_prefix == null || can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.cognito_domain_prefix))
    error_message = "The prefix has up to 63 lower-case letters, digits and hyphens."
  }

  validation {
    condition     = !var.enable_cognito || !can(regex("aws|amazon|cognito", coalesce(var.cognito_domain_prefix, var.deployment_name)))
    error_message = "The prefix of a Cognito domain must not contain aws, amazon or cognito; give one if the deployment name does."
  }
}

variable "enable_marketplace_metering" {
  description = "Whether core-api may report usage to the AWS Marketplace."
  type        = bool
  default     = true
}

variable "enable_bedrock" {
  description = "Whether core-api may list and invoke the foundation models of Bedrock."
  type        = bool
  default     = false
}

# ---------------------------------------------------------------------------------------------------------------------
# Ingress and options
# ---------------------------------------------------------------------------------------------------------------------

variable "ingress_controller" {
  description = "How traffic enters: `alb` is the AWS Load Balancer Controller, `nginx` is for networks where that controller cannot run."
  type        = string
  default     = "alb"

  validation {
    condition     = contains(["alb", "nginx"], var.ingress_controller)
    error_message = "The ingress controller must be alb or nginx."
  }
}

variable "acm_certificate_arn" {
  description = "The ARN of the issued certificate for the public hostname, handed through to the ingress of the platform."
  type        = string
  default     = null

  validation {
    condition     = var.acm_certificate_arn == null || can(regex("^arn:aws[a-z-]*:acm:${var.region}:[0-9]{12}:certificate/[0-9a-zA-Z-]+$", var.acm_certificate_arn))
    error_message = "The certificate must be the ARN of an ACM certificate in the chosen region."
  }
}

variable "enable_log_aggregation" {
  description = "Whether a log group and a role are made for a log collector in the cluster."
  type        = bool
  default     = false
}

variable "enable_parameter_store" {
  description = "Whether the facts of the deployment are written to the Parameter Store under `/<deployment_name>/`."
  type        = bool
  default     = false
}
