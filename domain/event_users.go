package domain

// What is done to accounts, by their owners or by administrators. The reason of
// an event about a role is that role's name.
const (
	EventUserActivated     EventType = "user.activated"
	EventUserDeactivated   EventType = "user.deactivated"
	EventUserPromoted      EventType = "user.promoted" // to superuser
	EventUserDemoted       EventType = "user.demoted"
	EventUserUnlocked      EventType = "user.unlocked"
	EventUserDeleted       EventType = "user.deleted"
	EventUserRoleAssigned  EventType = "user.role_assigned"
	EventUserRoleWithdrawn EventType = "user.role_withdrawn"
	EventPasswordChanged   EventType = "user.password_changed"
)
