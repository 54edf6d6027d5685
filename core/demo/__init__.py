"""Make sample cities: what a bureau would bring, generated and labelled 示例数据."""
