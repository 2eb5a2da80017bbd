package bootstrap

import (
	"testing"

	"github.com/sallyport-auth/sallyport/application"
)

func TestTheLimitsThatNobodySetsAreTheStockOnes(t *testing.T) {
	t.Parallel()
	c, err := settingsOf(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := c.limits(); got != application.DefaultLimits() {
		t.Errorf("got %+v, want %+v", got, application.DefaultLimits())
	}
}
