// A worker in Go, on the task queue ORDER_TASK_QUEUE of the server at TEMPORAL_ADDRESS.
package main

import (
	"context"
	"log"
	"os"
	"strconv"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

func timeout() time.Duration {
	seconds, err := strconv.Atoi(os.Getenv("ORDER_TIMEOUT_S"))
	if err != nil {
		return time.Minute
	}
	return time.Duration(seconds) * time.Second
}

// Reserve reserves an item.
func Reserve(ctx context.Context, item string) (string, error) {
	return "reserved " + item, nil
}

// Price tells the price, and leaves a trace each time that it is asked.
func Price(ctx context.Context, item string) (int, error) {
	if name := os.Getenv("ORDER_PRICES_ASKED"); name != "" {
		if err := os.WriteFile(name, []byte(item), 0o600); err != nil {
			return 0, err
		}
	}
	return len(item), nil
}

// GoOrder waits for approval (an update), reserves beside a timer, asks the price (a local activity), waits for payment.
func GoOrder(ctx workflow.Context, item string) (string, error) {
	approved := ""
	err := workflow.SetUpdateHandler(ctx, "approve", func(ctx workflow.Context, who string) (string, error) {
		approved = who
		return "thanks, " + who, nil
	})
	if err != nil {
		return "", err
	}
	if err := workflow.Await(ctx, func() bool { return approved != "" }); err != nil {
		return "", err
	}
	remote := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: timeout()})
	reserving := workflow.ExecuteActivity(remote, Reserve, item)
	if err := workflow.Sleep(ctx, 200*time.Millisecond); err != nil {
		return "", err
	}
	var reserved string
	if err := reserving.Get(ctx, &reserved); err != nil {
		return "", err
	}
	workflow.GetSignalChannel(ctx, "pay").Receive(ctx, nil)
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Second})
	var cost int
	if err := workflow.ExecuteLocalActivity(local, Price, item).Get(ctx, &cost); err != nil {
		return "", err
	}
	if err := workflow.Sleep(ctx, time.Duration(cost)*10*time.Millisecond); err != nil {
		return "", err
	}
	return reserved + ", approved by " + approved, nil
}

func main() {
	connected, err := client.Dial(client.Options{HostPort: os.Getenv("TEMPORAL_ADDRESS")})
	if err != nil {
		log.Fatalln(err)
	}
	defer connected.Close()
	orders := worker.New(connected, os.Getenv("ORDER_TASK_QUEUE"), worker.Options{})
	orders.RegisterWorkflow(GoOrder)
	orders.RegisterActivity(Reserve)
	orders.RegisterActivity(Price)
	if err := orders.Run(worker.InterruptCh()); err != nil {
		log.Fatalln(err)
	}
}
