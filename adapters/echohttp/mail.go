package echohttp

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// MailUseCases is what the API calls for tokens that travel by mail.
type MailUseCases struct {
	VerifyEmail    *application.VerifyEmail
	ForgotPassword *application.ForgotPassword
	ResetPassword  *application.ResetPassword
	ChangeEmail    *application.ChangeEmail
}

// mountMail maps what needs mail; without it each of these is 404.
func (a *api) mountMail(e *echo.Echo, g *Guards) {
	e.POST("/auth/email/verify", a.verifyEmail)
	e.POST("/auth/email/resend", a.resendVerification)
	e.POST("/auth/email/change", a.changeEmail, g.RequireUser())
	e.POST("/auth/password/forgot", a.forgotPassword)
	e.POST("/auth/password/reset", a.resetPassword)
	e.POST("/users/:id/password-reset", a.sendPasswordReset, g.RequirePermission(domain.UsersWrite))
	mountPages(e)
}

func (a *api) verifyEmail(c echo.Context) error {
	private(c)
	body, err := decodeJSON[VerifyEmailRequest](c)
	if err != nil {
		return err
	}
	if err := required([2]string{"token", body.Token}); err != nil {
		return err
	}
	if err := a.Mail.VerifyEmail.Do(c.Request().Context(), body.Token); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *api) resendVerification(c echo.Context) error {
	private(c)
	body, err := decodeJSON[ResendVerificationRequest](c)
	if err != nil {
		return err
	}
	email, err := requiredEmail(body.Email)
	if err != nil {
		return err
	}
	if err := a.Mail.VerifyEmail.Resend(c.Request().Context(), email); err != nil {
		return err
	}
	return accepted(c)
}

func (a *api) changeEmail(c echo.Context) error {
	user, err := CurrentUser(c)
	if err != nil {
		return err
	}
	body, err := decodeJSON[ChangeEmailRequest](c)
	if err != nil {
		return err
	}
	if err := required([2]string{"new_email", body.NewEmail}, [2]string{"current_password", body.CurrentPassword}); err != nil {
		return err
	}
	address, err := domain.ParseEmailField("new_email", body.NewEmail)
	if err != nil {
		return err
	}
	current, err := domain.ParsePassword("current_password", body.CurrentPassword)
	if err != nil {
		return err
	}
	if err := a.Mail.ChangeEmail.Do(c.Request().Context(), user, address, current); err != nil {
		return err
	}
	return accepted(c)
}

func (a *api) forgotPassword(c echo.Context) error {
	private(c)
	body, err := decodeJSON[ForgotPasswordRequest](c)
	if err != nil {
		return err
	}
	email, err := requiredEmail(body.Email)
	if err != nil {
		return err
	}
	if err := a.Mail.ForgotPassword.Do(c.Request().Context(), email); err != nil {
		return err
	}
	return accepted(c)
}

func (a *api) resetPassword(c echo.Context) error {
	private(c)
	body, err := decodeJSON[ResetPasswordRequest](c)
	if err != nil {
		return err
	}
	if err := required([2]string{"token", body.Token}, [2]string{"new_password", body.NewPassword}); err != nil {
		return err
	}
	chosen, err := domain.ParsePassword("new_password", body.NewPassword)
	if err != nil {
		return err
	}
	if err := a.Mail.ResetPassword.Do(c.Request().Context(), body.Token, chosen); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *api) sendPasswordReset(c echo.Context) error {
	t, err := targetOf(c)
	if err != nil {
		return err
	}
	if err := a.Mail.ForgotPassword.For(c.Request().Context(), t.caller, t.id); err != nil {
		return err
	}
	return accepted(c)
}

func requiredEmail(text string) (domain.Email, error) {
	if err := required([2]string{"email", text}); err != nil {
		return domain.Email{}, err
	}
	return domain.ParseEmail(text)
}

// accepted says that it will be done, whatever it is and whoever asked.
func accepted(c echo.Context) error {
	return c.JSON(http.StatusAccepted, Accepted{Status: AcceptedStatusAccepted})
}
