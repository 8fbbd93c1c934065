package domain

// The events of those who run the installation. An event of a setting names
// it, and not its value.
const (
	// EventAccessDenied is something that a caller was proven for and not allowed.
	// Its reason is the code of the refusal and, behind a colon, what was tried.
	EventAccessDenied EventType = "access.denied"

	// EventClientRefused is a client that did not prove itself: an unknown one, or
	// one that is inactive or gave a wrong proof.
	EventClientRefused EventType = "client.refused"

	// EventExported is an export of users, roles, scopes and clients that was
	// begun, a success, or that broke off. Its reason is with_hashes or
	// without_hashes and, behind a colon, "begun" or how many entries were given.
	EventExported EventType = "accounts.exported"

	EventSettingChanged     EventType = "setting.changed"
	EventSigningKeysRotated EventType = "key.rotated" // by whom; beside what happened to each key
	EventSigningKeyResealed EventType = "key.resealed"
)

// PartySetting is a setting, told by its name.
const PartySetting PartyKind = "setting"
