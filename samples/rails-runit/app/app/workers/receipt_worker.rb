class ReceiptWorker
  include Sidekiq::Worker

  def perform(id)
    order = Order.find(id)
    settings = Rails.configuration.x.settings
    file = "receipt-#{order.id}.txt"
    Rails.root.join("public/uploads", file)
      .write("#{settings[:app_name]}: #{order.item}, #{order.price} #{settings[:currency]}\n")
    order.update!(receipt: "/uploads/#{file}")
  end
end
