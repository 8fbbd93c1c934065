// Package sms brings codes to phones, over an HTTP gateway or, for development,
// into a folder.
//
//	outbound.Text -> Gateway (form POST, as Twilio takes it) | Folder (*.sms)
//
// It owns the words of a text message.
package sms
