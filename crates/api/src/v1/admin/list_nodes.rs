//! `GET /v1/admin/nodes`: the processes that serve the platform.

use sambac_engine::NodeStatus;
use serde::Serialize;
use utoipa::ToSchema;

use super::resource::Listing;
use crate::access::{Admin, admin_scope};

/// The nodes that are there.
#[derive(Serialize, ToSchema)]
pub(crate) struct Nodes {
    data: Vec<ShownNode>,
}

/// A node.
#[derive(Serialize, ToSchema)]
struct ShownNode {
    /// Its number (`node`), and what tells this process from the one before it, where nodes tell each other that they are there.
    #[schema(example = "0/5b1c93f2")]
    name: String,
    /// Whether it is the one that answers.
    answers: bool,
    /// SMPP accounts that have bound at it.
    binds: Vec<BoundAccount>,
}

/// An SMPP account that has bound.
#[derive(Serialize, ToSchema)]
struct BoundAccount {
    #[schema(example = "esme")]
    system_id: String,
    /// How many binds it has there.
    #[schema(example = 2)]
    binds: u32,
}

/// List the nodes.
///
/// Where nodes share a Redis (`redis.url`) they tell each other once a second that they are there, and who is bound at them. Without one, or while it
/// is away, a node knows of no other, or of those that were there when it was last heard.
#[utoipa::path(
    get,
    path = "/v1/admin/nodes",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    responses((status = 200, description = "All that are there", body = Nodes), Listing)
)]
pub(crate) async fn list_nodes(admin: Admin<admin_scope::Operations>) -> axum::Json<Nodes> {
    axum::Json(Nodes { data: admin.engine().nodes().into_iter().map(ShownNode::from).collect() })
}

impl From<NodeStatus> for ShownNode {
    fn from(node: NodeStatus) -> Self {
        let binds = node.binds.into_iter().map(|(system_id, binds)| BoundAccount { system_id, binds });
        Self { name: node.name, answers: node.is_this, binds: binds.collect() }
    }
}
