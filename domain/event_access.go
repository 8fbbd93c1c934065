package domain

// What happens to roles, scopes and service clients. The reason of an event
// about a link is the scope that was given or taken.
const (
	EventRoleCreated          EventType = "role.created"
	EventRoleUpdated          EventType = "role.updated"
	EventRoleDeleted          EventType = "role.deleted"
	EventRoleScopeGranted     EventType = "role.scope_granted"
	EventRoleScopeWithdrawn   EventType = "role.scope_withdrawn"
	EventScopeCreated         EventType = "scope.created"
	EventScopeUpdated         EventType = "scope.updated"
	EventScopeDeleted         EventType = "scope.deleted"
	EventClientUpdated        EventType = "client.updated"
	EventClientDeleted        EventType = "client.deleted"
	EventClientActivated      EventType = "client.activated"
	EventClientDeactivated    EventType = "client.deactivated"
	EventClientSecretRotated  EventType = "client.secret_rotated"
	EventClientScopeGranted   EventType = "client.scope_granted"
	EventClientScopeWithdrawn EventType = "client.scope_withdrawn"
)

// The parties that only administration deals with; their ID is their name.
const (
	PartyRole  PartyKind = "role"
	PartyScope PartyKind = "scope"
)
