// Package grants is the token endpoint: one pipeline, one file per grant.
//
//	find the grant           unsupported_grant_type
//	authenticate the client  invalid_client
//	may it use the grant?    unauthorized_client   (before anything is proved)
//	parameters               invalid_request
//	scope the client may ask invalid_scope
//	Prove                    invalid_grant          reads and slow work; stores nothing of the grant's
//	scope the subject holds  invalid_scope
//	store                    one unit of work, or the grant's own Renew
//	sign, answer
//
// A grant is a name, a few rules as data, and Prove. Discovery, client
// validation and metric labels follow from the list it is registered in.
package grants
